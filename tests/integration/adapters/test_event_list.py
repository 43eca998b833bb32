"""Reading Stripe's list of events through the SDK, page by page (money rule 27)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from billing.adapters.stripe_api.lists import StripeEvents
from billing.domain.ids import EventId
from billing.domain.walk import Walk, stepped
from billing.errors import StripeRefused, StripeUnavailable
from billing.ports.stripe import Listed
from billing.services.catch_up import LISTS
from tests.integration.adapters.stripe_side import StripeSide

KIND = "customer.updated"


@pytest.fixture
def events(side: StripeSide) -> StripeEvents:
    return StripeEvents(side.sdk)


@pytest.fixture
def walk(side: StripeSide) -> Callable[..., Walk]:
    """A pass over the last day by Stripe's clock, which other tests' test clocks have moved."""
    now = side.now()
    return partial(replace, Walk("events:0", now, now - timedelta(days=1), now + timedelta(minutes=1)))


def ids(page: Listed) -> list[str]:
    return [event["id"] for event in page.objects]


def customer_with_events(side: StripeSide, number: int) -> str:
    customer = side.v1.customers.create({"name": "0"})
    for each in range(number):
        side.v1.customers.update(customer.id, {"name": str(each + 1)})
    return customer.id


def of(customer: str, page: Listed) -> list[str]:
    return [event["id"] for event in page.objects if event["data"]["object"]["id"] == customer]


def test_pages_go_on_after_each_other_until_there_is_no_more(
    side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]
) -> None:
    customer = customer_with_events(side, 130)
    under_way, found, pages = walk(), list[str](), 0
    while under_way.until is not None:
        page = events.page([KIND], under_way, undelivered=False)
        under_way = stepped(under_way, page.after)
        found += of(customer, page)
        pages += 1
    assert len(set(found)) == len(found) == 130
    assert pages >= 2
    newest = events.page([KIND], walk(), undelivered=False)
    assert ids(newest)[0] == found[0]
    assert newest.after == ids(newest)[99]


def test_only_the_types_and_the_time_that_were_asked_for(
    side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]
) -> None:
    customer = customer_with_events(side, 1)
    (event,) = [each for each in events.page([KIND], walk(), undelivered=False).objects if _about(each, customer)]
    made = datetime.fromtimestamp(event["created"], UTC)
    assert of(customer, events.page(["invoice.paid"], walk(), undelivered=False)) == []
    second = timedelta(seconds=1)
    for since, until, seen in ((made, made + second, True), (made + second, None, False), (made - second, made, False)):
        found = of(customer, events.page([KIND], walk(since=since, until=until), undelivered=False))
        assert found == ([event["id"]] if seen else [])


def test_only_what_was_not_taken(side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]) -> None:
    """No endpoint asks for these: so none of their deliveries has failed."""
    customer = customer_with_events(side, 1)
    assert of(customer, events.page([KIND], walk(), undelivered=True)) == []
    assert of(customer, events.page([KIND], walk(), undelivered=False)) != []


def test_both_lists_are_taken(side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]) -> None:
    for types in LISTS:
        events.page(types, walk(), undelivered=True)


def test_nothing_is_an_empty_page(side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]) -> None:
    future = side.now() + timedelta(days=1)
    page = events.page([KIND], walk(since=future, until=None), undelivered=False)
    assert page == Listed((), None)


def test_where_it_can_not_go_on_is_told(events: StripeEvents, walk: Callable[..., Walk]) -> None:
    with pytest.raises(StripeRefused) as raised:
        events.page([KIND], walk(after=EventId("evt_gone")), undelivered=False)
    assert raised.value.stripe_code == "resource_missing"


def test_a_stripe_that_fails_is_told(side: StripeSide, events: StripeEvents, walk: Callable[..., Walk]) -> None:
    side.control("faults", fail=5, status=500)
    with pytest.raises(StripeUnavailable):
        events.page([KIND], walk(), undelivered=False)


def _about(event: object, customer: str) -> bool:
    return isinstance(event, dict) and event["data"]["object"]["id"] == customer
