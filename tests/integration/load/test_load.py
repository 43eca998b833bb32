"""Far more than usual, at once: the sums are exact, and nothing ends among the dead letters (F10, F16, F18, F23).

`make load` plays it in its whole size. The stores run one request at a time here and refuse what DynamoDB refuses; how
many a second they serve is no measure of AWS.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.stack import Stack
from tests.integration.load.conftest import AT_ONCE, WHOLE, Tell
from tests.integration.purchase.books import Books
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

Event = dict[str, Any]
PATIENCE_SECONDS = 3600.0 if WHOLE else 240.0
BUYERS = 40 if WHOLE else 8
BURST = 50 if WHOLE else 10
"""Events of each buyer that come at the same moment."""
BACKLOG = 20_000 if WHOLE else 300
HOT = 1_000 if WHOLE else 60
SPENDS_A_SECOND = 20
SECONDS = 60 if WHOLE else 4
TRIES = 4
"""Of one event; Stripe makes more."""

pytestmark = pytest.mark.timeout(PATIENCE_SECONDS + 60)


def paid(shop: Shop, user: str) -> tuple[Checkout, Event]:
    """A purchase of 500 credits of which nobody has heard yet."""
    checkout = shop.checkout(user)
    shop.pay(checkout)
    return checkout, shop.completed_event(checkout)


@pytest.fixture(autouse=True)
def unheard(shop: Shop) -> None:
    """Stripe's own deliveries would grant before the load begins."""
    shop.control("faults", drop=1_000_000)


def others(event: Event, number: int) -> list[Event]:
    """So many different events about the same object."""
    return [event | {"id": f"{event['id']}n{each}"} for each in range(number)]


def sent(shop: Shop, events: Iterable[Event]) -> None:
    """All at once, as far as threads go; and again, as Stripe does, what a busy machine had no time for (503)."""
    waiting = list(events)
    for _ in range(TRIES):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda event: shop.deliver(event).status_code, waiting))
        assert set(answers) <= {200, 503}, Counter(answers)
        waiting = [event for event, status in zip(waiting, answers, strict=True) if status != 200]
        if not waiting:
            return
    raise AssertionError(f"{len(waiting)} events were not accepted in {TRIES} tries")


def drained(books: Books, tell: Tell) -> None:
    tell(f"{books.messages():,} messages wait")
    until("the queue is drained", lambda: books.messages() == 0, PATIENCE_SECONDS)
    assert books.messages("EventsDeadLetterQueue") == 0
    tell("none waits, none is a dead letter")


def test_a_burst_of_events_is_applied_once_each(shop: Shop, books: Books, tell: Tell) -> None:
    """Ten times what the consumers take at once, of many buyers, in one moment."""
    buyers = [f"burst-{each}" for each in range(BUYERS)]
    events = [event for user in buyers for event in others(paid(shop, user)[1], BURST)]
    assert len(events) >= 8 * AT_ONCE
    tell(f"{len(events):,} events of {BUYERS} buyers are sent at once")
    sent(shop, (events[place] for start in range(BURST) for place in range(start, len(events), BURST)))
    drained(books, tell)
    assert all(books.event(event["id"]) for event in events)
    for user in buyers:
        books.check(user, 500, ["PURCHASE"])


def test_a_backlog_of_doubled_messages_is_applied_once_each(stack: Stack, shop: Shop, books: Books, tell: Tell) -> None:
    """The consumers were away; everything is there several times when they come back."""
    buyers = [f"backlog-{each}" for each in range(BUYERS)]
    stack.freeze("poller")
    tell(f"{BACKLOG:,} messages of {BUYERS} buyers are queued while no consumer is there")
    try:
        events = [paid(shop, user)[1] for user in buyers]
        envelopes = [shop.control("eventbridge", event=event["id"]) for event in events]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda each: books.send(envelopes[each % BUYERS]), range(BACKLOG)))
        assert books.messages() >= BACKLOG - 10 * AT_ONCE  # some may be on their way to a consumer
    finally:
        stack.thaw("poller")
    drained(books, tell)
    for user in buyers:
        books.check(user, 500, ["PURCHASE"])


def test_many_events_of_one_account_are_applied_once_each(shop: Shop, books: Books, tell: Tell) -> None:
    """Every consumer works on the same account, and every event of it is one that was not seen before."""
    purchases = [paid(shop, "hot")[1] for _ in range(10)]
    events = [event for purchase in purchases for event in others(purchase, HOT // 10)]
    tell(f"{len(events):,} events of one account are sent at once, to {AT_ONCE} consumers")
    sent(shop, events)
    drained(books, tell)
    assert Counter((books.event(event["id"]) or {})["outcome"] for event in events).keys() <= {"APPLIED", "NOOP"}
    books.check("hot", 5000, ["PURCHASE"] * 10)


def test_a_spender_beside_converges(shop: Shop, books: Books, tell: Tell) -> None:
    """Twenty spends a second and event upon event of one account: each is done once, however often it is asked for."""
    service = Service(shop)
    purchases = [paid(shop, "spender")[1] for _ in range(4)]
    sent(shop, purchases)
    drained(books, tell)
    events = [event for purchase in purchases for event in others(purchase, SECONDS * 5)]
    tell(f"{SPENDS_A_SECOND} spends a second for {SECONDS} s, beside {len(events):,} events of the same account")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        converging = threads.submit(sent, shop, events)
        spends = [threads.submit(spent, service, f"spend-{number}") for number in paced(SPENDS_A_SECOND, SECONDS)]
        converging.result()
        answers = Counter(spend.result() for spend in spends)
    assert answers == {200: SPENDS_A_SECOND * SECONDS}
    drained(books, tell)
    books.check("spender", 2000 - SPENDS_A_SECOND * SECONDS, ["PURCHASE"] * 4 + ["SPEND"] * SPENDS_A_SECOND * SECONDS)


def spent(service: Service, key: str) -> int:
    """Ask until it is answered, as the API's document tells a service to.

    5xx: our 503, or the gateway's own for a function that got no further; never that we did not know what happened.
    """

    def answered() -> int | None:
        answer = service.spend("spender", 1, key)
        assert "internal" not in answer.text, answer.text
        return answer.status_code if answer.status_code < 500 else None

    return until(key, answered, PATIENCE_SECONDS)


def paced(rate: int, seconds: int, now: Callable[[], float] = time.monotonic) -> Iterable[int]:
    """Numbers, so many a second; late ones follow at once."""
    begin = now()
    for number in range(rate * seconds):
        time.sleep(max(0.0, begin + number / rate - now()))
        yield number
