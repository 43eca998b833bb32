"""Options before and after the command's name, usage errors, and errors for people and for programs."""

import json
import re
from pathlib import Path

import pytest
import stripe

from plumb.cli import COMMANDS, cli
from plumb.version import version
from tests.fakes.operator import Operator


def test_help_tells_every_command_without_importing_it(plumb: Operator) -> None:
    result = plumb("--help")
    assert result.code == 0
    assert all(f"\n  {name} " in result.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples(plumb: Operator, name: str) -> None:
    result = plumb(name, "--help")
    assert result.code == 0
    assert f"  plumb {name}" in result.out or "Commands:" in result.out
    assert cli.get_command(None, name) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("restore", "hold what the table SOURCE holds, and nothing else."),
        ("webhook", "the pinned API version, enabled."),
        ("catalog", "lookup keys, metadata."),
        ("event", "and what Stripe says of it."),
    ],
)
def test_a_group_lists_its_commands_by_whole_sentences(plumb: Operator, name: str, sentence: str) -> None:
    assert sentence in " ".join(plumb(name, "--help").out.rpartition("Commands:")[2].split())


def test_restore_lists_its_steps_in_their_order(plumb: Operator) -> None:
    listed = plumb("restore", "--help").out.rpartition("Commands:")[2]
    assert re.findall(r"^  (\w+)", listed, re.MULTILINE) == ["pause", "copy", "mend", "resume"]


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("doctor", "--wrong"), ("event",), ("account", "a", "b"), ("catalog", "apply")]
)
def test_a_wrong_call_is_told_with_2(plumb: Operator, arguments: tuple[str, ...]) -> None:
    result = plumb(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Try: plumb" in result.err


def test_the_version_is_the_changelogs_and_names_what_stripe_is_read_with(plumb: Operator) -> None:
    result = plumb("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"plumb {version()}, stripe-python {stripe.VERSION}, API version {stripe.api_version}\n"


@pytest.mark.parametrize(
    ("headings", "found"),
    [("", "unknown"), ("## Unreleased", "unreleased"), ("## [1.2.0] - 2026-12-01\n\n## [1.1.0] - 2026-11-01", "1.2.0")],
)
def test_the_first_heading_of_the_changelog_is_the_version(headings: str, found: str, tmp_path: Path) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(f"# Changelog\n\n{headings}\n")
    assert version(file) == found


def test_an_error_is_json_where_that_is_asked_for(plumb: Operator) -> None:
    result = plumb("doctor", "--stage", "nowhere", "--json")
    assert (result.code, result.out) == (1, "")
    assert json.loads(result.err) == {
        "error": {
            "code": "failed",
            "message": "samconfig.toml has no stage nowhere: there is local, dev, staging, prod.",
        }
    }


def test_after_the_name_wins_over_before_and_both_over_the_variable(
    plumb: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def told(*arguments: str) -> str:
        return plumb(*arguments).err

    monkeypatch.setenv("PLUMBLINE_RUN_FILE", str(tmp_path / "variable"))
    assert "variable" in told("doctor")
    assert "before" in told("--run-file", str(tmp_path / "before"), "doctor")
    assert "after" in told("--run-file", str(tmp_path / "before"), "doctor", "--run-file", str(tmp_path / "after"))


@pytest.mark.parametrize(
    ("group", "name"), [("webhook", "setup"), ("restore", "pause"), ("catalog", "apply file"), ("event", "show evt_1")]
)
def test_a_groups_name_takes_them_too(plumb: Operator, group: str, name: str) -> None:
    assert "no stage nowhere" in plumb(group, "--stage", "nowhere", *name.split()).err


def test_without_credentials_it_says_how_to_get_some(plumb: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = plumb("doctor", "--stage", "dev")
    assert (result.code, result.err) == (
        1,
        "No AWS credentials were found: set AWS_PROFILE, or sign in with the AWS CLI.\n",
    )


def test_without_a_region_it_says_how_to_set_one(plumb: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = plumb("doctor", "--stage", "dev")
    assert (result.code, result.err) == (1, "No AWS region is set: pass --region, or set AWS_REGION.\n")
