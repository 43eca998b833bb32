"""`plumb grant`: done once under a key, which stands for one thing; and each row of a file by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from billing.errors import IdempotencyConflict
from plumb.commands.grant import command
from plumb.invocation import Invocation, Options
from plumb.site import Site
from tests.fakes.core import Core
from tests.fakes.operator import Operator
from tests.fakes.slow_cache import SlowCache
from tests.fakes.snapshots import ALICE, BOB, DAY

Grant = Callable[..., tuple[int, list[Any]]]


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def slow(core: Core) -> SlowCache:
    return SlowCache(core)


@pytest.fixture
def grant(core: Core, slow: SlowCache, capsys: pytest.CaptureFixture[str]) -> Grant:
    """Call it as a program does; the exit code and what was answered."""

    def call(*arguments: str) -> tuple[int, list[Any]]:
        invocation = Invocation(Options(as_json=True, yes=True, actor="jo"))
        use = replace(core.use, cache=slow.cache)
        world = SimpleNamespace(clock=core.clock, credits=use, shared_cache=slow.cache)
        vars(invocation)["site"] = Site(stage="local", functions={}, api_url="http://127.0.0.1:9", local=True)
        vars(invocation)["world"] = world
        capsys.readouterr()
        code: int = command.main([*arguments], obj=invocation, standalone_mode=False)
        out = capsys.readouterr().out
        return code, [json.loads(out)] if out.startswith("{\n") else [json.loads(line) for line in out.splitlines()]

    return call


# one grant

ONCE = ("alice", "5", "--reason", "outage", "--key", "ticket-1")


def test_under_a_key_it_is_done_once_also_when_it_expires(core: Core, grant: Grant) -> None:
    """F58: a support tool that repeats its call, a second or a year later, has done what it was to do."""
    ends = core.clock.time + 30 * DAY
    answers = []
    for later in (timedelta(0), timedelta(seconds=1), 400 * DAY):
        core.clock.time += later
        code, (answer,) = grant(*ONCE, "--expires-days", "30")
        answers.append((code, answer["replayed"]))
    assert answers == [(0, False), (0, True), (0, True)]
    assert core.granted() == [("ADJUSTMENT", 5)]
    assert [lot.expires_at for lot in core.account().lots] == [ends]


@pytest.mark.parametrize(
    "other",
    [
        ("alice", "6", "--reason", "outage", "--expires-days", "30"),
        ("alice", "5", "--reason", "another", "--expires-days", "30"),
        ("alice", "5", "--reason", "outage", "--expires-days", "31"),
        ("alice", "5", "--reason", "outage"),
        ("alice", "5", "--take", "--reason", "outage"),
    ],
    ids=" ".join,
)
def test_a_key_stands_for_one_thing(core: Core, grant: Grant, other: tuple[str, ...]) -> None:
    assert grant(*ONCE, "--expires-days", "30")[0] == 0
    with pytest.raises(IdempotencyConflict):
        grant(*other, "--key", "ticket-1")
    assert core.granted() == [("ADJUSTMENT", 5)]


def test_an_amount_below_0_is_told_the_option_that_takes_away(plumb: Operator) -> None:
    """To the parser it is an option, and "No such option '-5'" would not say what to do."""
    for amount in ("-5", "-50"):
        told = plumb("grant", "alice", amount, "--reason", "granted twice")
        assert (told.code, told.out) == (2, "")
        assert told.err == "AMOUNT is from 1 on: add --take to take credits away.\nTry: plumb grant --help\n"
    assert "No such option '-x'" in plumb("grant", "alice", "-x").err


def test_without_a_key_every_call_counts(core: Core, grant: Grant) -> None:
    for balance in (5, 10):
        _, (answer,) = grant(*ONCE[:-2])
        assert (answer["replayed"], answer["balance"]) == (False, balance)
    assert core.granted() == [("ADJUSTMENT", 5)] * 2


# a file of them


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "grants.csv"
    file.write_text("user,amount,reason,key,expires_at\nalice,5,welcome,k1,2030-01-31\n")
    return file


def test_a_file_is_done_once_also_where_its_credits_expire(core: Core, grant: Grant, file: Path) -> None:
    """F58: what a row says is compared with its end, a second time as the first."""
    told = [grant("--csv", str(file)) for _ in range(2)]
    assert [(code, line["state"]) for code, [line] in told] == [(0, "granted"), (0, "done_before")]
    assert core.granted() == [("ADJUSTMENT", 5)]


@pytest.mark.parametrize(
    "row",
    ["alice,6,welcome,k1,2030-01-31", "alice,5,goodbye,k1,2030-01-31", "alice,5,welcome,k1,", "alice,-5,welcome,k1,"],
)
def test_a_row_that_was_changed_under_its_key_is_a_conflict_and_stops_no_other(
    core: Core, grant: Grant, file: Path, row: str
) -> None:
    """Called done before, a mended amount would never be given and nobody would hear of it."""
    assert grant("--csv", str(file))[0] == 0
    file.write_text(f"user,amount,reason,key,expires_at\n{row}\nbob,7,welcome,k1,\n")
    for more, second in ((["--dry-run"], "new"), ([], "granted"), ([], "done_before")):
        code, lines = grant("--csv", str(file), *more)
        assert (code, [line["state"] for line in lines]) == (1, ["conflict", second])
        assert "was used for another request" in lines[0]["message"]
    assert (core.granted(ALICE), core.granted(BOB)) == ([("ADJUSTMENT", 5)], [("ADJUSTMENT", 7)])


def test_a_row_whose_key_somebody_else_uses_meanwhile_is_a_conflict(core: Core, grant: Grant, file: Path) -> None:
    """After the file was looked at and before its row is written."""
    core.calls.after("find", lambda: grant("alice", "9", "--reason", "outage", "--key", "k1"))
    code, [line] = grant("--csv", str(file))
    assert (code, line["state"], "message" in line) == (1, "conflict", True)
    assert core.granted() == [("ADJUSTMENT", 9)]


def test_the_cache_is_told_of_every_row_however_slow_it_is(
    core: Core, slow: SlowCache, grant: Grant, file: Path
) -> None:
    """Money rule 25: the budget is one row's, or the last rows of a long file would leave old balances behind."""
    users = [f"user-{number}" for number in range(5)]
    file.write_text("user,amount,reason\n" + "".join(f"{user},5,welcome\n" for user in users))
    assert grant("--csv", str(file))[0] == 0
    assert slow.credits() == dict.fromkeys(users, "5")
