"""The steps of a deployment, each run as GitHub runs it: what it hands over, and that it fails with what it calls.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell (`bash -e`)
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

DEPLOYMENT = yaml.safe_load((REPOSITORY / ".github/workflows/deploy.yml").read_text())
STEPS: list[dict[str, Any]] = DEPLOYMENT["jobs"]["deploy"]["steps"]
GIVEN = {
    "STAGE": "prod",
    "MODE": "live",
    "RELEASE": "0123456789abcdef0123456789abcdef01234567",
    "RUN": "77-1",
    "PARAMETERS": "AppUrl=https://example.com",
    "GITHUB_REPOSITORY": "owner/repository",
    "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
}
TOOLS = {"gh": "gh", "sam": ".venv-sam/bin/sam", "aws": "aws", "curl": "curl"}
SECRETS = {
    "StripeApiKeySecret": "stripe-api-key",
    "StripeWebhookSecret": "stripe-webhook",
    "UpstashSecret": "upstash",
}
BASH = shutil.which("bash") or ""

pytestmark = pytest.mark.skipif(
    not BASH or subprocess.run([BASH, "-c", "type mapfile"], capture_output=True, check=False).returncode != 0,
    reason="needs a bash of the runners' age: macOS has 3.2",
)


class Played:
    """A step that was run, with programs that only write down what they were given."""

    def __init__(
        self, folder: Path, script: str, *, failing: str = "", answer: str = "https://api.example.com", **given: str
    ) -> None:
        self._calls = folder / "calls"
        for tool, path in TOOLS.items():
            stub = folder / ("bin" if "/" not in path else ".") / path
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text(
                f'#!/usr/bin/env bash\nprintf "%q " {tool} "$@" >>{shlex.quote(str(self._calls))}\n'
                f"echo >>{shlex.quote(str(self._calls))}\necho {shlex.quote(answer)}\nexit {int(tool == failing)}\n"
            )
            stub.chmod(0o755)
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self._ran = subprocess.run(
            [BASH, "-e", "-c", script],
            cwd=folder,
            env=GIVEN | given | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.ok = self._ran.returncode == 0
        self.said = self._ran.stderr

    @property
    def calls(self) -> list[list[str]]:
        return [shlex.split(line) for line in self._calls.read_text().splitlines()] if self._calls.exists() else []


def script_that_calls(tool: str) -> str:
    *_, script = (step["run"] for step in STEPS if f"{TOOLS[tool]} " in step.get("run", ""))
    return str(script)


def overrides(played: Played) -> list[str]:
    [call] = played.calls
    return call[call.index("--parameter-overrides") + 1 :]


def test_a_stage_gets_its_name_its_mode_its_release_and_what_its_environment_gives(tmp_path: Path) -> None:
    played = Played(tmp_path, script_that_calls("sam"))
    assert played.ok, played.said
    assert played.calls[0][:4] == ["sam", "deploy", "--config-env", "prod"]
    assert overrides(played) == [
        "Stage=prod",
        "StripeMode=live",
        *(f"{name}=plumbline/prod/{secret}" for name, secret in SECRETS.items()),
        "Release=0123456789ab-77-1",
        "AppUrl=https://example.com",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_line_of_the_variable_is_a_parameter(tmp_path: Path, newline: str) -> None:
    """What GitHub's form for a variable takes: several lines, a blank one, and one at the end."""
    lines = [
        "AppUrl=https://example.com",
        "",
        '  OwnerNote="two words"  ',
        "   ",
        "JwtIssuer=https://id.example.com",
        "",
    ]
    played = Played(tmp_path, script_that_calls("sam"), PARAMETERS=newline.join(lines))
    assert played.ok, played.said
    assert overrides(played)[6:] == [
        "AppUrl=https://example.com",
        'OwnerNote="two words"',
        "JwtIssuer=https://id.example.com",
    ]


def test_no_parameters_are_none(tmp_path: Path) -> None:
    assert len(overrides(Played(tmp_path, script_that_calls("sam"), PARAMETERS=""))) == 6


def test_the_stages_secrets_are_those_of_samconfig() -> None:
    """What is given on the command line replaces all that the file has."""
    for stage in ("staging", "prod"):
        given = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())[stage]["deploy"]["parameters"]
        named = {f"{name}=plumbline/{stage}/{secret}" for name, secret in SECRETS.items()}
        assert named < set(given["parameter_overrides"])


def commits(folder: Path) -> list[str]:
    """A repository of two commits, the older one first; the second is where HEAD stands."""
    git = ("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com")
    found = []
    for command in (("init", "-q"), *(("commit", "-q", "--allow-empty", "-m", message) for message in "ab")):
        subprocess.run([*git, *command], check=True, capture_output=True)
        if command[0] == "commit":
            head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
            found.append(head.stdout.strip())
    return found


def order(folder: Path, deployed: str, sha: str, run: str = "77-1") -> Played:
    [script] = [step["run"] for step in STEPS if step.get("name") == "Nothing newer is deployed"]
    return Played(folder, script, answer=deployed, GITHUB_SHA=sha, RUN=run)


def test_an_older_commit_does_not_go_over_a_newer_one(tmp_path: Path) -> None:
    """Two pushes are checked side by side, and the older one may be done last."""
    older, newer = commits(tmp_path)
    behind = order(tmp_path, f"{newer[:12]}-78-1", older)
    assert (behind.ok, "To deploy this one: run it again" in behind.said) == (False, True)
    assert order(tmp_path, f"{newer[:12]}-78-1", older, run="77-2").ok, "somebody has run it again"
    assert order(tmp_path, f"{older[:12]}-77-1", newer).ok
    assert order(tmp_path, f"{newer[:12]}-77-1", newer).ok
    for by_hand in ("", "20261128-120000", "first"):
        assert order(tmp_path, by_hand, older).ok


def test_the_order_is_seen_before_anything_is_deployed() -> None:
    names = [step.get("name") for step in STEPS]
    assert names.index("Nothing newer is deployed") < names.index("sam deploy")
    [checkout] = [step["with"] for step in STEPS if "actions/checkout" in step.get("uses", "")]
    assert checkout["fetch-depth"] == 0


@pytest.mark.parametrize(
    "line", ["JwtIssuer", "=https://example.com", "AppUrl=https://example.com JwtIssuer=x", "# A=b"]
)
def test_a_line_that_is_no_parameter_stops_the_deployment(tmp_path: Path, line: str) -> None:
    """`sam deploy` would leave out the words after a space, and say nothing."""
    played = Played(tmp_path, script_that_calls("sam"), PARAMETERS=f"TrialCredits=5\n{line}\n")
    assert (played.ok, played.calls) == (False, [])
    assert line in played.said


def test_what_is_deployed_was_built_by_the_pipeline_of_this_very_commit_on_main(tmp_path: Path) -> None:
    """`--repo` alone takes what any workflow of any branch has signed.

    https://cli.github.com/manual/gh_attestation_verify
    """
    played = Played(tmp_path, script_that_calls("gh"))
    assert played.ok, played.said
    [call] = played.calls
    assert call[:4] == ["gh", "attestation", "verify", "build.tar.gz"]
    assert dict(zip(call[4::2], call[5::2], strict=True)) == {
        "--repo": "owner/repository",
        "--signer-workflow": "owner/repository/.github/workflows/pipeline.yml",
        "--source-ref": "refs/heads/main",
        "--source-digest": GIVEN["GITHUB_SHA"],
    }


@pytest.mark.parametrize("tool", TOOLS)
def test_a_step_fails_with_what_it_calls(tmp_path: Path, tool: str) -> None:
    played = Played(tmp_path, script_that_calls(tool), failing=tool)
    assert not played.ok
    assert played.calls[-1][0] == tool, "nothing comes after what failed"


def test_the_stage_is_asked_for_its_catalog_once_it_is_deployed(tmp_path: Path) -> None:
    played = Played(tmp_path, script_that_calls("curl"))
    assert played.ok, played.said
    asked, fetched = played.calls
    assert asked[:5] == ["aws", "cloudformation", "describe-stacks", "--stack-name", "plumbline-prod"]
    assert {"--fail", "https://api.example.com/catalog"} <= set(fetched)
    scripts = [step.get("run") for step in STEPS]
    assert scripts.index(script_that_calls("sam")) < scripts.index(script_that_calls("curl"))


def test_no_step_of_a_deployment_is_left_out_or_may_fail() -> None:
    assert [step for step in STEPS if {"if", "continue-on-error"} & step.keys()] == []
    assert {"if", "continue-on-error"} & DEPLOYMENT["jobs"]["deploy"].keys() == set()
