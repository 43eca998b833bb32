"""Reading Stripe's lists of objects through the SDK, and holding them against what a converge remembers of them.

Money rule 27. The lists are read over the SDK, and what is remembered is made of a snapshot that is read over it: so
neither knows a shape that Stripe's objects have not, as far as the stand-in has it right.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.adapters.stripe_api.lists import object_lists
from billing.domain.doubts import (
    doubt_of_dispute,
    doubt_of_invoice,
    doubt_of_refund,
    doubt_of_session,
    doubt_of_subscription,
    grants_of_invoice,
    intent_behind,
    order_named,
    subscription_behind,
)
from billing.domain.ids import CustomerId, SessionId
from billing.domain.purchase import PurchaseState
from billing.domain.registers import statuses
from billing.domain.snapshot import Payment
from billing.domain.subscription import SubscriptionState, state_of
from billing.domain.walk import Walk, stepped
from billing.errors import StripeRefused, StripeUnavailable
from billing.ports.stripe import ObjectList, ObjectLists, Touched
from tests.integration.adapters.stripe_side import LEVELS, StripeSide


@pytest.fixture
def lists(side: StripeSide) -> ObjectLists:
    return object_lists(side.sdk)


def walk(side: StripeSide, **changed: object) -> Walk:
    now = side.now()
    return replace(Walk("objects", now, now - timedelta(days=1), now + timedelta(minutes=1)), **changed)  # type: ignore[arg-type]


def listed(side: StripeSide, listing: ObjectList, **wanted: object) -> dict[str, Any]:
    """The one object of the newest page that has these members."""
    page = listing.page(walk(side)).objects
    (found,) = [obj for obj in page if all(obj[name] == value for name, value in wanted.items())]
    return dict(found)


def test_pages_go_on_after_each_other_until_there_is_no_more(side: StripeSide, lists: ObjectLists) -> None:
    price = side.price()
    customer = side.customer()
    made = [side.open(side.order(price), customer).id for _ in range(105)]
    under_way, found, requests = walk(side), list[str](), 0
    while under_way.until is not None:
        with side.counted():
            page = lists.sessions.page(under_way)
        requests += len(side.requests)
        under_way = stepped(under_way, page.after)
        found += [obj["id"] for obj in page.objects]
    assert [name for name in found if name in made] == made[::-1]
    assert requests == -(-len(found) // 100), "a page is one request"


def test_only_the_time_that_was_asked_for(side: StripeSide, lists: ObjectLists) -> None:
    side.bought(side.price())
    now = side.now()
    assert lists.sessions.page(walk(side, since=now + timedelta(seconds=30))).objects == ()
    assert lists.sessions.page(walk(side, until=now - timedelta(hours=1))).objects == ()


def test_what_stripe_refuses_and_what_fails_is_told_apart(side: StripeSide, lists: ObjectLists) -> None:
    with pytest.raises(StripeRefused):
        lists.sessions.page(walk(side, after="cs_test_nothing"))
    side.control("faults", fail=10, status=503)
    try:
        with pytest.raises(StripeUnavailable):
            lists.sessions.page(walk(side))
    finally:
        side.control("faults", fail=0)


def test_a_paid_session_shows_that_it_is(side: StripeSide, lists: ObjectLists) -> None:
    customer, session = side.bought(side.price())
    found = listed(side, lists.sessions, id=session)
    assert doubt_of_session(found, PurchaseState.OPEN, ordered=True) == "checkout.session.completed"
    assert doubt_of_session(found, PurchaseState.PAID, ordered=True) is None
    named = order_named(found)
    assert named is not None
    assert (named[0][:4], named[1]) == ("ord_", customer)


# ------------------------------------------------------------------------------------------ subscriptions and invoices


def subscribed(side: StripeSide, **given: object) -> CustomerId:
    customer, _ = side.bought(side.price(interval="month", amount=900), mode="subscription", **given)
    return customer


def remembered(side: StripeSide, customer: CustomerId) -> SubscriptionState:
    """What a converge makes of the one subscription of the customer."""
    truth = side.reads.snapshot([customer], Touched())
    (subscription,) = truth.subscriptions
    return state_of(subscription, None, truth.invoices, truth.prices, LEVELS)


def test_a_subscription_is_as_a_converge_remembers_it_until_it_changes(side: StripeSide, lists: ObjectLists) -> None:
    customer = subscribed(side, quantity=3)
    known = remembered(side, customer)
    found = listed(side, lists.subscriptions, customer=customer)
    assert doubt_of_subscription(found, known) is None
    unpaid = tuple(replace(item, paid=None) for item in known.items)
    assert doubt_of_subscription(found, replace(known, items=unpaid)) == "customer.subscription.updated"
    side.control("cancel_subscription", subscription=known.id, at_period_end=True)
    found = listed(side, lists.subscriptions, customer=customer)
    assert doubt_of_subscription(found, known) == "customer.subscription.updated"
    assert doubt_of_subscription(found, remembered(side, customer)) is None
    side.control("cancel_subscription", subscription=known.id, at_period_end=False)
    found = listed(side, lists.subscriptions, customer=customer)
    assert doubt_of_subscription(found, known) == "customer.subscription.deleted"


def test_a_paused_one_is_as_a_converge_remembers_it(side: StripeSide, lists: ObjectLists) -> None:
    customer = subscribed(side)
    before = remembered(side, customer)
    side.control("pause_subscription", subscription=before.id, collection="void")
    found = listed(side, lists.subscriptions, customer=customer)
    assert doubt_of_subscription(found, before) == "customer.subscription.updated"
    assert doubt_of_subscription(found, remembered(side, customer)) is None


def test_an_invoice_shows_all_of_its_lines(side: StripeSide, lists: ObjectLists) -> None:
    """Behind the first ten, which may be prorations, stand those of the period."""
    customer = subscribed(side)
    known = remembered(side, customer)
    (item,) = (item.id for item in known.items)
    for quantity in (2, 3, 4, 5, 6, 7):
        last = quantity == 7
        items: Any = [{"id": item, "quantity": quantity}]
        billed: Any = "always_invoice" if last else "create_prorations"
        side.sdk.v1.subscriptions.update(known.id, {"items": items, "proration_behavior": billed})
    found = listed(side, lists.invoices, customer=customer, billing_reason="subscription_update")
    of_subscription = listed(side, lists.subscriptions, customer=customer)["latest_invoice"]
    assert len(found["lines"]["data"]) == 12
    assert found["lines"] == of_subscription["lines"]


def test_an_invoice_grants_the_lines_that_a_converge_grants(side: StripeSide, lists: ObjectLists) -> None:
    customer = subscribed(side)
    known = remembered(side, customer)
    found = listed(side, lists.invoices, customer=customer)
    (invoice,) = side.reads.snapshot([customer], Touched()).invoices
    ((key, (price, paid)),) = grants_of_invoice(found, known).items()
    assert (key, price, paid) == (f"{invoice.id}#{invoice.lines[0].id}", invoice.lines[0].price_id, True)
    assert subscription_behind(found) == known.id
    for state in (known, None):
        assert doubt_of_invoice(found, state, (), side.catalog.price) == "invoice.paid"
        assert doubt_of_invoice(found, state, [key], side.catalog.price) is None


def test_only_paid_invoices_are_listed(side: StripeSide, lists: ObjectLists) -> None:
    subscribed(side)
    assert {obj["status"] for obj in lists.invoices.page(walk(side)).objects} == {"paid"}


# -------------------------------------------------------------------------------------------------- refunds, disputes


def payment(side: StripeSide, customer: CustomerId, session: SessionId) -> Payment:
    (found,) = side.reads.snapshot([customer], Touched(sessions=frozenset({session}))).sessions
    assert found.payment is not None
    return found.payment


def test_a_refund_is_as_the_registers_have_it(side: StripeSide, lists: ObjectLists) -> None:
    customer, session = side.bought(side.price())
    before = payment(side, customer, session)
    side.control("refund", session=session, amount=100, status="pending")
    found = listed(side, lists.refunds, payment_intent=before.intent)
    assert intent_behind(found) == before.intent
    assert doubt_of_refund(found, statuses(before)) == "refund.updated"
    known = payment(side, customer, session)
    assert doubt_of_refund(found, statuses(known)) is None
    side.control("refund", refund=found["id"], status="failed")
    found = listed(side, lists.refunds, payment_intent=before.intent)
    assert doubt_of_refund(found, statuses(known)) == "refund.updated"


def test_a_dispute_is_as_the_registers_have_it(side: StripeSide, lists: ObjectLists) -> None:
    customer, session = side.bought(side.price())
    before = payment(side, customer, session)
    side.control("dispute", session=session)
    found = listed(side, lists.disputes, payment_intent=before.intent)
    assert doubt_of_dispute(found, statuses(before)) == "charge.dispute.updated"
    known = payment(side, customer, session)
    assert doubt_of_dispute(found, statuses(known)) is None
    side.control("dispute", dispute=found["id"], status="lost")
    found = listed(side, lists.disputes, payment_intent=before.intent)
    assert doubt_of_dispute(found, statuses(known)) == "charge.dispute.updated"
