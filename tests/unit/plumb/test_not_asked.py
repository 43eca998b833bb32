"""A change that nobody agreed to: 2 where nobody could be asked, so that no pipeline is green without its --yes."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from plumb.cli import COMMANDS, cli
from tests.fakes.operator import Operator
from tests.unit.plumb.conftest import Deployed


def file_of_grants(deployed: Deployed, tmp_path: Path) -> tuple[str, ...]:
    deployed.deploy()
    deployed.store_secrets()
    file = tmp_path / "grants.csv"
    file.write_text("user,amount,reason\nalice,5,welcome\n")
    return ("grant", "--csv", str(file), "--stage", "staging")


def test_nothing_is_changed_without_a_terminal(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    call = file_of_grants(deployed, tmp_path)
    told = plumb(*call)
    assert (told.code, told.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    assert plumb(*call, "--dry-run").code == 0


def test_a_program_is_never_asked(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    """What would be done is told all the same."""
    told = plumb(*file_of_grants(deployed, tmp_path), "--json", terminal=True)
    assert (told.code, [line["state"] for line in told.lines]) == (2, ["new"])


def test_a_no_at_a_terminal_is_an_answer(deployed: Deployed, plumb: Operator, tmp_path: Path) -> None:
    told = plumb(*file_of_grants(deployed, tmp_path), stdin="n\n", terminal=True)
    assert told.code == 0
    assert told.err.endswith("Nothing was changed.\n")


UNASKED_IN_TEST_MODE: dict[str, list[tuple[str, ...]]] = {
    "resync": [("resync", "alice"), ("resync", "--all")],
    "replay": [("replay", "evt_1")],
    "grant": [("grant", "alice", "5", "--reason", "x"), ("grant", "alice", "5", "--take", "--reason", "x")],
    "reconcile": [("reconcile",)],
    "webhook roll": [("webhook", "roll"), ("webhook", "roll", "--finish")],
    "event sign": [("event", "sign", "events/webhook/unsigned.json")],
}
ASK_IN_EITHER = {
    *("webhook setup", "catalog apply", "redrive", "forget"),
    *("restore pause", "restore resume", "restore copy", "restore mend"),
}
READ = {"doctor", "account", "event show", "check", "report"}  # and `catalog` without a command of its own


@pytest.mark.parametrize("call", [call for calls in UNASKED_IN_TEST_MODE.values() for call in calls], ids=" ".join)
def test_nothing_is_done_to_live_mode_unasked(deployed: Deployed, plumb: Operator, call: tuple[str, ...]) -> None:
    """S28, S29: what a test may do at once is a slip of the stage's name away from real money."""
    deployed.deploy("plumbline-prod", STAGE="prod", STRIPE_MODE="live")
    told = plumb(*call, "--stage", "prod")
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("This writes to live mode, and was not agreed to: pass --yes.\n")


def test_of_each_command_it_is_said_whether_it_asks() -> None:
    assert set(_commands()) == {*UNASKED_IN_TEST_MODE, *ASK_IN_EITHER, *READ}


def _commands() -> Iterator[str]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        inner = list(command.commands) if isinstance(command, click.Group) else []
        yield from (f"{name} {each}" for each in inner)
        if not inner:
            yield name
