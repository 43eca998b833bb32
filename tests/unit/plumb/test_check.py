"""`plumb check` over fakes: a cache that stays behind its account is told, one that catches up is not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from billing.services.adjust_credits import adjust_credits
from plumb.commands.check import command
from plumb.invocation import Invocation, Options
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE
from tests.simulation.stores.redis import Redis

PREFIX = "local:test:1:"


class Checked:
    """Alice has 30 credits since version 2 of her account, and the cache has what it was told of version 1."""

    def __init__(self) -> None:
        self.core = Core()
        for amount in (10, 20):
            adjust_credits(ALICE, amount, "welcome", "ada", f"grant-{amount}", None, self.core.use)
        self.redis = Redis(lambda: self.core.clock.now().timestamp())
        self.cache(10, 1)

    def cache(self, balance: int, version: int) -> None:
        self.redis.set(f"{PREFIX}credits:{ALICE}", f'{balance} {{"version":{version},"user":"{ALICE}"}}')

    def __call__(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Any]]:
        core = self.core
        world = SimpleNamespace(
            clock=core.clock,
            accounts=core.accounts,
            ledger=core.read.ledger,
            redis=self.redis,
            policy=core.use.policy,
            settings=SimpleNamespace(redis=SimpleNamespace(prefix=PREFIX)),
            account_of=core.account,
        )
        invocation = Invocation(Options(as_json=True))
        vars(invocation)["world"] = world
        code: int = command.main([str(ALICE)], obj=invocation, standalone_mode=False)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_cache_that_stays_behind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """S24: a publish got lost, and what is spent by the cache's word is not there any more."""
    assert Checked()(capsys) == (
        1,
        [{"user": "alice", "what": "stale", "expected": 30, "found": 10, "version": 2}],
    )


def test_a_cache_that_is_told_meanwhile_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money rule 28: a writer has written and comes to the cache a moment later."""
    check = Checked()
    monkeypatch.setattr(check.core.clock, "sleep", lambda seconds: check.cache(30, 2))
    assert check(capsys) == (0, [])
