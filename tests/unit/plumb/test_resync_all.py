"""`plumb resync --all`: every account, whatever happens to the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from billing.adapters.dynamodb.items import account_key
from billing.domain.ids import CustomerId, UserId
from billing.errors import BillingError, StoreUnavailable, StripeBusy, StripeRefused, StripeUnavailable
from plumb.commands.resync import command
from plumb.invocation import Invocation, Options
from plumb.site import Site
from tests.fakes.core import Core
from tests.fakes.slow_cache import SlowCache
from tests.fakes.snapshots import an_order
from tests.fakes.world import raising

USERS = [UserId(f"user-{number}") for number in range(5)]


@pytest.fixture
def core() -> Core:
    core = Core()
    for user in USERS:
        core.has_customer(user, CustomerId(f"cus_{user}"))
    return core


@pytest.fixture
def slow(core: Core) -> SlowCache:
    return SlowCache(core)


@pytest.fixture
def resync_all(core: Core, slow: SlowCache, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, list[Any]]]:
    """Call it as a program does; the exit code and the lines."""
    page = {"Items": [{"pk": {"S": account_key(user)}} for user in USERS]}
    world = SimpleNamespace(
        clock=core.clock,
        converge=core.converge,
        shared_cache=slow.cache,
        dynamodb=SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **asked: [page])),
        settings=SimpleNamespace(tables=SimpleNamespace(accounts="accounts")),
    )

    def call() -> tuple[int, list[Any]]:
        invocation = Invocation(Options(as_json=True, actor="jo"))
        vars(invocation)["site"] = Site(stage="local", functions={}, api_url="http://127.0.0.1:9", local=True)
        vars(invocation)["world"] = world
        code: int = command.main(["--all"], obj=invocation, standalone_mode=False)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


@pytest.mark.parametrize(
    "error",
    [StripeUnavailable("no answer"), StripeBusy("slow down"), StoreUnavailable("throttled"), StripeRefused("gone")],
    ids=lambda error: type(error).__name__,
)
def test_an_account_that_fails_stops_no_other(
    core: Core, resync_all: Callable[[], tuple[int, list[Any]]], error: BillingError
) -> None:
    """After a restore or an outage it runs for hours: a moment without Stripe costs one account, which is named."""
    core.calls.before("snapshot", lambda: None, raising(error))
    code, lines = resync_all()
    assert code == 1
    assert [(line["user"], line["ok"], line.get("error")) for line in lines] == [
        (user, user != USERS[1], error.code if user == USERS[1] else None) for user in USERS
    ]


def test_who_has_bought_so_much_that_it_takes_hours_is_looked_at_to_the_end(
    core: Core, resync_all: Callable[[], tuple[int, list[Any]]]
) -> None:
    """Whoever runs it again would begin at the same end."""
    core.has_session(an_order(user=USERS[4]), customer=CustomerId(f"cus_{USERS[4]}"))
    core.calls.before("history", *[lambda: None] * 4, lambda: core.clock.sleep(20 * 3600))
    code, lines = resync_all()
    assert (code, lines[-1]["payments"]) == (0, 1)


def test_the_cache_is_told_of_every_account_however_slow_it_is(
    slow: SlowCache, resync_all: Callable[[], tuple[int, list[Any]]]
) -> None:
    """Money rule 25: the budget is one account's, or the last of many would stay cached as they were."""
    code, _ = resync_all()
    assert (code, slow.credits()) == (0, dict.fromkeys(USERS, "0"))
