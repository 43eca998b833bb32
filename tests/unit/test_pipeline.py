"""S30: the pipeline runs nothing that can be exchanged under it, holds no key, and deploys only what was checked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkers import needs
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / ".github/workflows"
ZIZMOR = REPOSITORY / ".venv-checks/bin/zizmor"
SCHEMA = REPOSITORY / ".venv-checks/bin/check-jsonschema"
TEXTS = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
JOBS: dict[str, dict[str, Any]] = {
    f"{name}: {job}": each for name, text in TEXTS.items() for job, each in yaml.safe_load(text)["jobs"].items()
}
PINNED = re.compile(r"uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_its_commit_and_says_which_version_that_is(name: str) -> None:
    used = [line.strip().removeprefix("- ") for line in TEXTS[name].splitlines() if "uses: " in line]
    assert used
    assert [each for each in used if not PINNED.match(each) and each != "uses: ./.github/workflows/deploy.yml"] == []


def test_one_action_has_one_version() -> None:
    used = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", "".join(TEXTS.values())))
    assert len(used) == len({action for action, _ in used})


@pytest.mark.parametrize("name", TEXTS)
def test_a_workflow_may_nothing_but_what_its_jobs_say(name: str) -> None:
    assert yaml.safe_load(TEXTS[name])["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_read_the_code_and_say_who_it_is(job: str) -> None:
    given = JOBS[job]["permissions"]
    assert given["contents"] == "read"
    assert {name for name, value in given.items() if value == "write"} <= {"id-token", "attestations"}


def test_no_key_is_stored_anywhere() -> None:
    """The role in AWS is taken by OpenID Connect, for as long as a job lasts, and no other secret is there."""
    text = "".join(TEXTS.values())
    assert "secrets." not in text
    assert "aws-access-key-id" not in text
    assert TEXTS["deploy.yml"].count("role-to-assume: ${{ vars.AWS_ROLE }}") == 1


def test_its_role_trusts_what_github_calls_a_repository_by_now() -> None:
    """One made since July 2026 has numbers in its name, and a trust in the name without them refuses its every token.

    https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
    """
    [policy] = re.findall(
        r'^ +(\{"Version".+?\n)\n', (REPOSITORY / "docs/pipeline.md").read_text(), re.DOTALL | re.MULTILINE
    )
    [statement] = json.loads(policy)["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert statement["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "repo:OWNER@ID/REPOSITORY@ID:environment:prod",
        }
    }


@pytest.mark.parametrize("job", JOBS)
def test_no_script_is_made_of_what_somebody_else_wrote(job: str) -> None:
    """A branch's name or a title could hold commands: they come as variables
    (https://docs.github.com/en/actions/reference/security/secure-use#use-an-intermediate-environment-variable).
    """
    assert [step["run"] for step in JOBS[job].get("steps", []) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("job", JOBS)
def test_no_checkout_leaves_its_token_behind(job: str) -> None:
    checkouts = [step for step in JOBS[job].get("steps", []) if "actions/checkout" in step.get("uses", "")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


def test_what_is_deployed_was_checked_and_staging_comes_first() -> None:
    jobs = yaml.safe_load(TEXTS["pipeline.yml"])["jobs"]
    assert {name: each.get("needs") for name, each in jobs.items()} == {
        "check": None,
        "build": "check",
        "staging": "build",
        "prod": "staging",
    }
    assert jobs["check"]["steps"][-1]["run"] == ".ci/run"
    for stage, mode in (("staging", "test"), ("prod", "live")):
        assert jobs[stage]["with"] == {"stage": stage, "mode": mode}
        assert jobs[stage]["if"] == "github.event_name == 'push'", "no pull request deploys"


@pytest.mark.parametrize("status", [0, 2])
def test_a_check_that_fails_fails_the_pipeline(tmp_path: Path, status: int) -> None:
    """`.ci/run` goes on after it, to sum up, and still ends as it did."""
    for tool, exits in {"make": status, "uv": 0}.items():
        stub = tmp_path / tool
        stub.write_text(f'#!/bin/sh\necho "{tool} $*"\nexit {exits}\n')
        stub.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PLUMBLINE_CHROMIUM": "/bin/true"}  # so that nothing is to be installed
    ran = subprocess.run([REPOSITORY / ".ci/run"], env=environment, capture_output=True, text=True, check=False)
    assert "make check\n" in ran.stdout
    assert ran.returncode == status
    assert ran.stdout.endswith("make check: ok\n" if status == 0 else f"make check: failed ({status})\n")


@pytest.mark.parametrize("job", JOBS)
def test_nothing_may_fail_unseen(job: str) -> None:
    steps = JOBS[job].get("steps", [])
    assert [each for each in (JOBS[job], *steps) if "continue-on-error" in each] == []
    assert {step["if"] for step in steps if "if" in step} <= {"github.event_name == 'push'"}


def test_a_deployment_waits_for_its_environment_and_takes_only_what_the_pipeline_signed() -> None:
    [job] = yaml.safe_load(TEXTS["deploy.yml"])["jobs"].values()
    assert job["environment"] == "${{ inputs.stage }}"
    runs = [step.get("run", "") for step in job["steps"]]
    [verified] = [n for n, run in enumerate(runs) if run.startswith("gh attestation verify build.tar.gz")]
    [unpacked] = [n for n, run in enumerate(runs) if run.startswith("tar -x")]
    assert verified < unpacked
    assert "Release=${RELEASE::12}-$RUN" in "".join(runs)


def test_a_push_waits_for_no_other_and_a_deployment_is_never_cut_short() -> None:
    """A run that waits for prod's consent holds its group. Deployments to one stage go one after the other all the same
    (https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency).
    """
    assert yaml.safe_load(TEXTS["pipeline.yml"])["concurrency"] == {
        "group": "pipeline-${{ github.event_name == 'push' && github.sha || github.ref }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
    assert yaml.safe_load(TEXTS["deploy.yml"])["concurrency"] == {
        "group": "deploy-${{ inputs.stage }}",
        "cancel-in-progress": False,
    }


def test_the_list_of_what_is_deployed_goes_with_the_build() -> None:
    steps = yaml.safe_load(TEXTS["pipeline.yml"])["jobs"]["build"]["steps"]
    signed = [step["with"] for step in steps if "attest-sbom" in step.get("uses", "")]
    assert signed == [{"subject-path": "build.tar.gz", "sbom-path": "docs/sbom.cdx.json"}]
    assert "docs/sbom.cdx.json" in {step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")}


@needs(ZIZMOR, "lint")
def test_zizmor_finds_nothing_but_what_was_planted(tmp_path: Path) -> None:
    """What others have learnt of pipelines that were taken over, by a list that is not ours."""
    spoiled = tmp_path / ".github/workflows"
    spoiled.mkdir(parents=True)
    text = TEXTS["pipeline.yml"]
    (spoiled / "pipeline.yml").write_text(
        re.sub(r"actions/checkout@[0-9a-f]{40} # v5.0.0", "actions/checkout@v5", text)
    )
    assert audit(REPOSITORY / ".github").returncode == 0
    found = audit(tmp_path / ".github")
    assert found.returncode != 0
    assert "unpinned-uses" in found.stdout


@needs(SCHEMA, "lint")
def test_its_files_are_what_github_reads(tmp_path: Path) -> None:
    """A key that is misspelt is refused there, and only when it is pushed."""
    spoiled = tmp_path / "pipeline.yml"
    spoiled.write_text(TEXTS["pipeline.yml"].replace("timeout-minutes: 60", "timeout-minute: 60"))
    assert fits(*(FOLDER / name for name in TEXTS)).returncode == 0
    assert "timeout-minute" in fits(spoiled).stdout


def fits(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [SCHEMA, "--verbose", "--builtin-schema", "vendor.github-workflows", *paths]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


def audit(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [ZIZMOR, "--offline", "--pedantic", "--no-progress", "--quiet", folder]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
