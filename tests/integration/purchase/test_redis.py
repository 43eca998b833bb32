"""Redis killed, and frozen: every route works, a purchase completes, and no request waits long for it (F19, F20, F21).

A frozen server takes connections and never answers, so whoever asks it waits for a whole time budget; a dead one
refuses at once. A function that met either leaves Redis alone for half a minute. This is a system of its own, whose
time is moved on to end that: it follows Stripe's test clock.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.clock import Clock
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

TURNS, MOST_TURNS = 4, 12
BEHIND = 3
BUDGET = 0.120
ALLOWED = 0.200
"""Seconds, of which the budget is a part."""
PAUSE = timedelta(seconds=32)
"""Half a minute in which a function leaves Redis alone; the clock moves by whole seconds."""
ACCOUNT = "AccountFunction"
WEBHOOK = "WebhookFunction"
CONSUMER = "EventConsumerFunction"
Ask = Callable[[], httpx.Response]


@contextmanager
def frozen(stack: Stack) -> Iterator[None]:
    stack.freeze("upstash")
    try:
        yield
    finally:
        stack.thaw("upstash")


@contextmanager
def killed(stack: Stack) -> Iterator[None]:
    stack.kill("upstash", restart=False)
    try:
        yield
    finally:
        stack.launch("upstash")


@contextmanager
def whole(stack: Stack) -> Iterator[None]:
    yield


BROKEN = {"frozen": frozen, "killed": killed}
STATES = {"whole": whole, **BROKEN}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


@pytest.fixture(scope="module")
def clock(shop: Shop) -> Clock:
    return Clock(shop)


@pytest.fixture(autouse=True)
def unpaused(clock: Clock) -> None:
    """Each test begins with functions that would ask Redis, whatever the one before has done to it."""
    clock.advance(PAUSE)


@pytest.fixture(scope="module")
def bought(shop: Shop, books: Books) -> Checkout:
    checkout = shop.buy("redis-reader")
    assert shop.success(checkout).status_code == 200
    shop.settle(books)
    return checkout


@pytest.fixture(scope="module")
def routes(shop: Shop, bought: Checkout, clock: Clock) -> dict[str, tuple[Ask, int]]:
    user, event, unpaid = bought.user, shop.completed_event(bought), shop.checkout("redis-unpaid")
    return {
        "GET /catalog": (lambda: shop.get("/catalog"), 200),
        "POST /checkout/sessions": (lambda: shop.order(user), 201),
        "POST /checkout/success, paid": (lambda: shop.success(bought), 200),
        "POST /checkout/success, open": (lambda: shop.success(unpaid), 200),
        "GET /checkout/success": (lambda: shop.come_back(unpaid), 303),
        "GET /account": (lambda: shop.get("/account", user), 200),
        "GET /entitlements": (lambda: shop.get("/entitlements", user), 200),
        "GET /credits": (lambda: shop.get("/credits", user), 200),
        "GET /credits/transactions": (lambda: shop.get("/credits/transactions", user), 200),
        "POST /webhooks/stripe": (lambda: shop.deliver(event, clock.ahead), 200),
    }


ASKING = (
    "GET /catalog",
    "POST /checkout/success, paid",
    "GET /checkout/success",
    "GET /entitlements",
    "POST /webhooks/stripe",
)
"""The routes that ask Redis in every request, if it is not left alone."""


def _seconds(ask: Ask, wanted: int) -> float:
    started = time.perf_counter()
    answer = ask()
    took = time.perf_counter() - started
    assert answer.status_code == wanted, answer.text
    return took


class Waits:
    """Seconds that each route took in each turn, by the state of Redis: its first request, and those behind it."""

    def __init__(self, routes: dict[str, tuple[Ask, int]]) -> None:
        self.routes = routes
        self.first: dict[tuple[str, str], list[float]] = {(name, state): [] for name in routes for state in STATES}
        self.behind: dict[tuple[str, str], list[float]] = {key: [] for key in self.first}

    def turn(self, stack: Stack, clock: Clock) -> None:
        """Ask every route in every state. The first after a pause asks Redis, those behind it do not."""
        for state, broken in STATES.items():
            with broken(stack):
                for name, route in self.routes.items():
                    clock.advance(PAUSE)
                    self.first[name, state].append(_seconds(*route))
                    self.behind[name, state].append(statistics.median(_seconds(*route) for _ in range(BEHIND)))

    def late(self) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
        """The routes that a broken Redis makes slower than is allowed, with all that was measured of them."""
        return {
            key: (self.first[key], self.behind[key])
            for key in self.first
            if min(self.first[key]) - min(self.first[key[0], "whole"]) > ALLOWED
            or min(self.behind[key]) - min(self.behind[key[0], "whole"]) > ALLOWED
        }

    def print(self) -> None:
        for name in self.routes:
            least = (
                f"{state} {min(self.first[name, state]) * 1000:4.0f} {min(self.behind[name, state]) * 1000:4.0f} ms"
                for state in STATES
            )
            print(f"{name:<28}", *least, sep="  ")


def test_every_route_works_and_waits_little(stack: Stack, clock: Clock, routes: dict[str, tuple[Ask, int]]) -> None:
    """Each request with a broken Redis against the same one with a whole one, in turns. What else a machine does makes
    a request slower, and none faster, so the fastest of some turns is nearest to what Redis costs, and a noisy machine
    gets more of them. A second budget would show in every turn.
    """
    waits = Waits(routes)
    for turn in range(1, MOST_TURNS + 1):
        waits.turn(stack, clock)
        if turn >= TURNS and not waits.late():
            break
    waits.print()
    assert not waits.late()
    for name in ASKING:
        assert min(waits.first[name, "frozen"]) > BUDGET, f"{name}: it was not frozen, or nobody asked it"


def test_a_frozen_redis_costs_one_budget_in_half_a_minute(
    stack: Stack, shop: Shop, books: Books, clock: Clock, bought: Checkout, logs: Logs
) -> None:
    """Not one in each request. Asked one after the other, the same worker of each function answers all of them."""
    event, pauses, requests = shop.completed_event(bought), 3, 10
    shop.settle(books)
    with frozen(stack):
        for _ in range(pauses):
            clock.advance(PAUSE)
            for _ in range(requests):
                assert shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "store"
                assert shop.deliver(event, clock.ahead).json() == {"ok": True}
    for function, asks in {ACCOUNT: 2, WEBHOOK: 1}.items():  # a level that was read is published
        asked = pauses * requests * asks
        until(f"{function} has told all", lambda: _of_redis(logs, function) == asked)  # noqa: B023  called at once
        assert logs.counted("CacheFailures", function) == pauses
        assert logs.counted("CachePaused", function) == pauses
        warnings = [line["message"] for line in logs.lines(function) if line["level"] == "WARNING"]
        assert warnings == ["cache paused"] * pauses

    assert shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "store"
    clock.advance(PAUSE)
    until(
        "the cache is used again",
        lambda: shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "cache",
    )
    until("it was told", lambda: logs.said("cache resumed", ACCOUNT))


def _of_redis(logs: Logs, function: str) -> int:
    """Calls of Redis that were wanted, and did not come about."""
    return logs.counted("CacheFailures", function) + logs.counted("CacheSkipped", function)


@pytest.mark.parametrize("how", BROKEN)
def test_a_purchase_completes(
    how: str, stack: Stack, shop: Shop, books: Books, logs: Logs, clock: Clock, user: str
) -> None:
    with BROKEN[how](stack):
        checkout = shop.checkout(user)
        shop.pay(checkout)
        assert shop.come_back(checkout).status_code == 303
        answer = shop.success(checkout)
        assert (answer.status_code, answer.json()["credits"]["balance"]) == (200, 500)
        event = shop.completed_event(checkout)
        assert shop.deliver(event, clock.ahead).json() == {"ok": True}  # no mark to know it by
        shop.settle(books)
        books.check(user, balance=500, kinds=["PURCHASE"])
        assert logs.said("cache not updated", user_id=user)
    assert shop.get("/entitlements", user).json()["level"] == "FREE"


def test_a_replay_is_said_to_be_one(
    stack: Stack, shop: Shop, books: Books, logs: Logs, clock: Clock, user: str
) -> None:
    """By the webhook, which knows the mark; and by the consumer, when Redis has lost it."""
    checkout = shop.buy(user)
    shop.settle(books)
    event = shop.completed_event(checkout)
    until("it is marked", lambda: shop.deliver(event, clock.ahead).json().get("idempotent"))
    at_the_edge = logs.said("skipped replay", WEBHOOK, event_id=event["id"])
    assert at_the_edge[-1]["session_id"] == checkout.session_id

    with killed(stack):
        assert shop.deliver(event, clock.ahead).json() == {"ok": True}
        shop.settle(books)
    behind = logs.one("skipped replay", CONSUMER, event_id=event["id"])
    assert behind["user_id"] == user
    assert behind["correlation_id"] == at_the_edge[-1]["correlation_id"]
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_what_redis_has_lost_is_read_from_the_store(stack: Stack, shop: Shop, bought: Checkout) -> None:
    """A new Redis is an empty one."""
    with killed(stack):
        pass
    assert shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "store"
    until(
        "the cache is filled again",
        lambda: shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "cache",
    )
