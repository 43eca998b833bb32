"""Reading Stripe's list of checkout sessions through the SDK, page by page (money rule 27)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.adapters.stripe_api.lists import StripeSessionList
from billing.domain.look import doubt_of_session
from billing.domain.purchase import PurchaseState
from billing.domain.walk import Walk, stepped
from billing.errors import StripeRefused, StripeUnavailable
from tests.integration.adapters.stripe_side import StripeSide


@pytest.fixture
def sessions(side: StripeSide) -> StripeSessionList:
    return StripeSessionList(side.sdk)


def walk(side: StripeSide, **changed: object) -> Walk:
    now = side.now()
    return replace(Walk("sessions", now, now - timedelta(days=1), now + timedelta(minutes=1)), **changed)  # type: ignore[arg-type]


def test_pages_go_on_after_each_other_until_there_is_no_more(side: StripeSide, sessions: StripeSessionList) -> None:
    price = side.price()
    customer = side.customer()
    made = [side.open(side.order(price), customer).id for _ in range(105)]
    under_way, found, requests = walk(side), list[str](), 0
    while under_way.until is not None:
        with side.counted():
            page = sessions.page(under_way)
        requests += len(side.requests)
        under_way = stepped(under_way, page.after)
        found += [obj["id"] for obj in page.objects]
    assert [name for name in found if name in made] == made[::-1]
    assert requests == -(-len(found) // 100), "a page is one request"


def test_a_paid_one_shows_that_it_is(side: StripeSide, sessions: StripeSessionList) -> None:
    _, session = side.bought(side.price())
    (listed,) = [obj for obj in sessions.page(walk(side)).objects if obj["id"] == session]
    assert doubt_of_session(listed, PurchaseState.OPEN) == "checkout.session.completed"
    assert doubt_of_session(listed, PurchaseState.PAID) is None
    assert doubt_of_session(listed, None) == "checkout.session.completed", "it names its order"


def test_only_the_time_that_was_asked_for(side: StripeSide, sessions: StripeSessionList) -> None:
    side.bought(side.price())
    now = side.now()
    assert sessions.page(walk(side, since=now + timedelta(seconds=30))).objects == ()
    assert sessions.page(walk(side, until=now - timedelta(hours=1))).objects == ()


def test_what_stripe_refuses_and_what_fails_is_told_apart(side: StripeSide, sessions: StripeSessionList) -> None:
    with pytest.raises(StripeRefused):
        sessions.page(walk(side, after="cs_test_nothing"))
    side.control("faults", fail=10, status=503)
    try:
        with pytest.raises(StripeUnavailable):
            sessions.page(walk(side))
    finally:
        side.control("faults", fail=0)
