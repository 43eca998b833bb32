"""cfn-lint and checkov find nothing in the expanded template, and what was planted in a spoiled copy.

`sam validate --lint` sees the source alone: what SAM makes of it (permissions, versions, schedules) is only in the
expansion. Both are in environments that `make` builds; where one is not there, its test says so.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.checkers import needs
from tests.conftest import REPOSITORY

CFN_LINT = REPOSITORY / ".venv-sam/bin/cfn-lint"
CHECKOV = REPOSITORY / ".venv-checks/bin/checkov"
CONFIG = Path(__file__).with_name("checkov.yaml")
KEPT = ("AWSTemplateFormatVersion", "Parameters", "Conditions")


@pytest.fixture(scope="module")
def real(expanded: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(expanded, tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def spoiled(expanded: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A role that may do everything, a table without backups, and a queue of a length that SQS does not know."""
    resources = copy.deepcopy(expanded["Resources"])
    role, table, queue = (resources[name] for name in ("AccountFunctionRole", "EventsTable", "FailedRunsQueue"))
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}
    ]
    del table["Properties"]["PointInTimeRecoverySpecification"]
    queue["Properties"]["MessageRetentionPeriod"] = 1
    few = {"AccountFunctionRole": role, "EventsTable": table, "FailedRunsQueue": queue}
    document = {key: expanded[key] for key in KEPT} | {"Resources": few}
    return written(document, tmp_path_factory.mktemp("spoiled"))


def written(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "template.json"
    path.write_text(json.dumps(document))
    return path


def run(*command: object) -> str:
    """What it prints. A finding is an exit code as well: what it prints says more."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.stdout, done.stderr
    return done.stdout


@needs(CFN_LINT, "validate")
def test_cfn_lint_finds_nothing_but_what_was_planted(real: Path, spoiled: Path) -> None:
    findings = json.loads(run(CFN_LINT, "--regions", "us-east-1", "--format", "json", "--template", real, spoiled))
    assert [each for each in findings if each["Filename"] == str(real)] == []
    found = {each["Rule"]["Id"] for each in findings if each["Level"] == "Error"}
    assert "E3034" in found, "a number that is too low: MessageRetentionPeriod"


@needs(CHECKOV, "validate")
@pytest.mark.timeout(600)
def test_checkov_finds_nothing_but_what_was_planted(real: Path, spoiled: Path) -> None:
    """S20: what everybody may not do with any stack, by a list that is not ours."""
    report = json.loads(run(CHECKOV, "--config-file", CONFIG, "--output", "json", "--file", real, spoiled))
    failed = {(Path(each["file_abs_path"]), each["check_id"]) for each in report["results"]["failed_checks"]}
    assert {check for path, check in failed if path == real} == set()
    passed = {Path(each["file_abs_path"]) for each in report["results"]["passed_checks"]}
    assert real in passed, "it read the template"
    # a table without point-in-time recovery; a role with `*` on `*`
    assert {"CKV_AWS_28", "CKV_AWS_107"} <= {check for path, check in failed if path == spoiled}


def test_what_is_passed_over_says_why() -> None:
    """A line of reason stands before each, or before the two that share one."""
    lines = CONFIG.read_text().partition("skip-check:\n")[2].splitlines()
    skipped = [line for line in lines if re.fullmatch(r"  - CKV2?_AWS_\d+", line)]
    assert len(skipped) + sum(line.startswith("  # ") for line in lines) == len(lines), "nothing else stands there"
    for before, line in zip(["", *lines], lines, strict=False):
        reason = before.startswith("  # ") or (before.strip(), line.strip()) == ("- CKV_AWS_158", "- CKV_AWS_119")
        assert reason or line.startswith("  # "), line
