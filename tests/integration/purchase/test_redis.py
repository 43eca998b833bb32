"""Redis killed, and frozen: every route works, a purchase completes, and no request waits long for it (F19, F20, F21).

Each request with a broken Redis is compared with the same request with a whole one. A frozen server takes
connections and never answers, so it costs a request its whole time budget for Redis; a dead one refuses at once.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

ROUNDS = 20
TURNS = 2
ALLOWED = 0.200
"""Seconds, in the median."""
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
def bought(shop: Shop, books: Books) -> Checkout:
    checkout = shop.buy("redis-reader")
    assert shop.success(checkout).status_code == 200
    shop.settle(books)
    return checkout


@pytest.fixture(scope="module")
def routes(shop: Shop, bought: Checkout) -> dict[str, tuple[Ask, int]]:
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
        "POST /webhooks/stripe": (lambda: shop.deliver(event), 200),
    }


def _seconds(ask: Ask, wanted: int) -> float:
    started = time.perf_counter()
    answer = ask()
    took = time.perf_counter() - started
    assert answer.status_code == wanted, answer.text
    return took


def test_every_route_works_and_waits_little(stack: Stack, routes: dict[str, tuple[Ask, int]]) -> None:
    """Measured in turns, so that whatever else this machine does slows all of them down."""
    times: dict[str, dict[str, list[float]]] = {name: {state: [] for state in STATES} for name in routes}
    for _ in range(TURNS):
        for state, broken in STATES.items():
            with broken(stack):
                for name, route in routes.items():
                    _seconds(*route)  # the first one after a change opens connections anew
                    times[name][state] += [_seconds(*route) for _ in range(ROUNDS // TURNS)]
    late = []
    for name, measured in times.items():
        median = {state: statistics.median(seconds) for state, seconds in measured.items()}
        print(f"{name:<28}", *(f"{state} {seconds * 1000:6.1f} ms " for state, seconds in median.items()))
        late += [(name, median) for seconds in median.values() if seconds - median["whole"] > ALLOWED]
    assert not late


@pytest.mark.parametrize("how", BROKEN)
def test_a_purchase_completes(how: str, stack: Stack, shop: Shop, books: Books, logs: Logs, user: str) -> None:
    with BROKEN[how](stack):
        checkout = shop.checkout(user)
        shop.pay(checkout)
        assert shop.come_back(checkout).status_code == 303
        answer = shop.success(checkout)
        assert (answer.status_code, answer.json()["credits"]["balance"]) == (200, 500)
        assert shop.deliver(shop.completed_event(checkout)).json() == {"ok": True}  # no mark to know it by
        shop.settle(books)
        books.check(user, balance=500, kinds=["PURCHASE"])
        assert logs.said("cache not updated", user_id=user)
    assert shop.get("/entitlements", user).json()["level"] == "FREE"


def test_what_redis_has_lost_is_read_from_the_store(stack: Stack, shop: Shop, bought: Checkout) -> None:
    """A new Redis is an empty one."""
    with killed(stack):
        pass
    assert shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "store"
    until(
        "the cache is filled again",
        lambda: shop.get("/entitlements", bought.user).headers["x-plumbline-source"] == "cache",
    )
