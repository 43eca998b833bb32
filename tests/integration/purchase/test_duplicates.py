"""F01, F02, F05: copies of one event, other events for the same change and the success page, all at once: one grant."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until

COPIES = 200
AT_ONCE = 20
OTHER_EVENTS = 20
PAGE_VIEWS = 20
Send = Callable[[], int]


def test_a_storm_of_duplicates_grants_once(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    checkout = shop.checkout(user)
    shop.control("faults", drop=1000)  # Stripe's own deliveries would grant before the storm begins
    shop.pay(checkout)
    shop.control("faults", drop=0)
    event = shop.completed_event(checkout)
    others = [event | {"id": f"evt_other{number}{event['id'][4:]}"} for number in range(OTHER_EVENTS)]
    assert books.ledger(user) == []

    deliver: list[Send] = [lambda: shop.deliver(event).status_code] * COPIES
    deliver += [_delivery(shop, other) for other in others]
    redirects: list[Send] = [lambda: shop.come_back(checkout).status_code] * (PAGE_VIEWS // 2)
    pages: list[Send] = [lambda: shop.success(checkout).status_code] * (PAGE_VIEWS // 2)
    storm = [(200, send) for send in deliver + pages] + [(303, send) for send in redirects]
    random.Random(2).shuffle(storm)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = Counter(threads.map(lambda each: (each[0], each[1]()), storm))
    assert answers == {(200, 200): COPIES + OTHER_EVENTS + PAGE_VIEWS // 2, (303, 303): PAGE_VIEWS // 2}

    ids = [event["id"], *(other["id"] for other in others)]
    until("every event is recorded", lambda: all(books.event(event_id) for event_id in ids))
    books.wait_until_drained()
    books.check(user, balance=500, kinds=["PURCHASE"])
    logs.one("ledger entry written", user_id=user)
    for event_id in ids:
        logs.one("event recorded", event_id=event_id)
    assert {books.event(event_id)["outcome"] for event_id in ids} <= {"APPLIED", "NOOP"}  # type: ignore[index]
    assert shop.get("/account", user).json()["credits"] == {"balance": 500, "reserved": 0, "available": 500}

    known = {
        "ok": True,
        "idempotent": True,
    }  # unless the storm was too much for Redis, and it is left alone for a while
    until("it is known at the edge", lambda: shop.deliver(event).json() == known)


def _delivery(shop: Shop, event: dict[str, Any]) -> Send:
    return lambda: shop.deliver(event).status_code
