"""What the adapter makes of single objects of Stripe, where two fields are easily taken for each other.

The whole shapes come from the stand-in (tests/integration/adapters); here is what it seldom or never shows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.adapters.stripe_api.parse import invoice_of, payment_of, session_of, subscription_of
from billing.domain.ids import PaymentIntentId
from billing.domain.paid_through import Period, paid_periods
from billing.domain.registers import refunded, statuses
from billing.errors import MalformedObject

CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "status": "succeeded",
    "amount": 1000,
    "amount_captured": 1000,
    "currency": "usd",
    "created": 1_795_000_000,
}
INTENT: dict[str, Any] = {"id": "pi_1", "status": "succeeded", "latest_charge": CHARGE}
SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "mode": "payment",
    "status": "complete",
    "payment_status": "paid",
    "customer": "cus_1",
    "currency": "usd",
    "amount_total": 1000,
    "created": 1_795_000_000,
    "client_reference_id": "ord_1",
    "metadata": {},
    "payment_intent": INTENT,
}
LINE: dict[str, Any] = {
    "id": "il_1",
    "quantity": 1,
    "amount": 1200,
    "period": {"start": 1_795_000_000, "end": 1_797_000_000},
    "pricing": {"price_details": {"price": "price_1"}},
    "parent": {"subscription_item_details": {"proration": False, "subscription_item": "si_1"}},
}
INVOICE: dict[str, Any] = {
    "id": "in_1",
    "customer": "cus_1",
    "status": "paid",
    "billing_reason": "subscription_cycle",
    "currency": "usd",
    "metadata": {"order_id": "ord_of_the_invoice"},
    "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"order_id": "ord_1"}}},
    "status_transitions": {"paid_at": 1_795_000_000},
}
ITEM: dict[str, Any] = {
    "id": "si_1",
    "price": {"id": "price_1"},
    "quantity": 1,
    "created": 1_796_000_000,
    "current_period_start": 1_796_000_000,
    "current_period_end": 1_797_000_000,
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "sub_1",
    "customer": "cus_1",
    "status": "active",
    "currency": "usd",
    "created": 1_795_000_000,
    "cancel_at_period_end": False,
    "cancel_at": None,
    "trial_end": None,
    "latest_invoice": None,
    "default_payment_method": None,
    "metadata": {},
}


def at(minutes: int) -> datetime:
    return datetime.fromtimestamp(1_795_000_000, UTC) + timedelta(minutes=minutes)


def seconds(minutes: int) -> int:
    return int(at(minutes).timestamp())


def test_a_payment_is_of_when_its_money_came() -> None:
    """Its intent is made with the page, a day before it may be; a level that was bought begins when it was paid for."""
    taken = {"id": "re_1", "amount": 100, "status": "succeeded", "currency": "usd", "created": seconds(3)}
    paid = INTENT | {"created": seconds(0), "latest_charge": CHARGE | {"created": seconds(2)}}
    payment = payment_of(paid, [taken], [taken | {"id": "dp_1", "status": "lost", "created": seconds(4)}])
    assert payment is not None
    (refund,), (dispute,) = payment.refunds, payment.disputes
    assert (payment.paid_at, refund.created, dispute.created) == (at(2), at(3), at(4))
    session = session_of(SESSION | {"created": seconds(1), "expires_at": seconds(9)}, [], payment)
    assert session.created == at(1)


def test_a_refund_without_a_status_takes_back() -> None:
    """stripe-python 16.1.0 says that it may have none. Refused, the purchase would never be read again."""
    refund = {"id": "re_1", "amount": 100, "status": None, "created": seconds(3)}
    payment = payment_of(INTENT, [refund], [])
    assert payment is not None
    assert (statuses(payment), refunded(payment)) == ({"re_1": "pending"}, 100)


def test_a_session_cost_what_was_paid_for_it() -> None:
    """After discounts and with tax: what its lines come to is another sum."""
    told = SESSION | {"amount_subtotal": 1500, "amount_total": 1190, "payment_status": "unpaid"}
    assert session_of(told, [], None).amount_total == 1190


def test_an_invoice_is_of_when_it_was_paid_and_reaches_to_the_end_of_what_it_is_for() -> None:
    """It is made an hour before, and may wait for days; `period_end` of the invoice itself is when it was made."""
    times = {"created": seconds(0), "effective_at": seconds(1), "period_start": seconds(2), "period_end": seconds(3)}
    paid = {"finalized_at": seconds(4), "paid_at": seconds(5), "voided_at": None}
    line = LINE | {"period": {"start": seconds(6), "end": seconds(7)}}
    invoice = invoice_of(INVOICE | times | {"status_transitions": paid}, [line])
    read = invoice.lines[0]
    assert (invoice.paid_at, read.period_start, read.period_end) == (at(5), at(6), at(7))


def test_a_subscription_tells_each_of_its_times() -> None:
    items = [
        ITEM | {"current_period_start": seconds(1), "current_period_end": end, "created": seconds(10)}
        for end in (seconds(8), seconds(9))
    ]
    times = {"created": seconds(0), "start_date": seconds(2), "trial_start": seconds(3), "trial_end": seconds(4)}
    ends = {"cancel_at": seconds(5), "canceled_at": seconds(6), "ended_at": seconds(7)}
    found = subscription_of(SUBSCRIPTION | times | ends | {"items": {"data": items}})
    assert (found.created, found.trial_end, found.cancel_at) == (at(0), at(4), at(5))
    assert [item.period_end for item in found.items] == [at(8), at(9)]


def test_only_what_was_captured_is_what_a_refund_is_measured_by() -> None:
    """Money rule 18. Who authorizes 10 and captures 6 has been paid 6; Stripe gives the rest back by itself."""
    payment = payment_of(INTENT | {"latest_charge": CHARGE | {"amount_captured": 600}}, [], [])
    assert payment is not None
    assert payment.captured == 600


@pytest.mark.parametrize("status", ["requires_payment_method", "canceled"])
def test_a_payment_that_ended_without_money_has_failed(status: str) -> None:
    """F43: a bank debit that bounced is tried again, or is canceled by whoever runs the shop."""
    unpaid = SESSION | {"payment_status": "unpaid", "payment_intent": INTENT | {"status": status}}
    assert session_of(unpaid, [], None).payment_failed


@pytest.mark.parametrize(("status", "failed"), [("past_due", False), ("canceled", True), ("incomplete_expired", True)])
def test_a_plan_that_was_never_paid_has_failed_once_its_subscription_has_ended(status: str, failed: bool) -> None:
    """F43: the session of a plan names no payment intent, and stays complete and unpaid for ever."""
    begun = {"mode": "subscription", "payment_status": "unpaid", "payment_intent": None}
    session = SESSION | begun | {"subscription": {"id": "sub_1", "status": status}}
    assert session_of(session, [], None).payment_failed is failed


def test_what_is_paid_and_has_no_charge_is_not_granted_without_what_could_take_it_back() -> None:
    """S27: without its charge no refund of it would ever be found."""
    with pytest.raises(MalformedObject, match="checkout session"):
        session_of(SESSION, [], None)


@pytest.mark.parametrize("named", [{"client_reference_id": "ord_1"}, {"metadata": {"order_id": "ord_1"}}])
def test_a_session_names_its_order_in_either_place(named: dict[str, Any]) -> None:
    """F34."""
    told = SESSION | {"client_reference_id": None, "payment_status": "unpaid"} | named
    assert session_of(told, [], None).order == "ord_1"


def test_an_invoice_is_paid_by_its_paid_payments_alone() -> None:
    """A try that is open or was canceled has captured nothing (https://docs.stripe.com/api/invoice-payment/object)."""
    payments = [
        {"status": status, "payment": {"type": "payment_intent", "payment_intent": intent}}
        for status, intent in (("canceled", "pi_1"), ("paid", "pi_2"), ("open", "pi_3"))
    ]
    assert invoice_of(INVOICE | {"payments": {"data": payments}}, [LINE]).intents == (PaymentIntentId("pi_2"),)


def test_half_a_list_within_an_object_is_not_taken_for_the_whole() -> None:
    """Whoever reads the object reads on; should that be forgotten, nobody silently loses a level or a refund."""
    shown = SUBSCRIPTION | {"items": {"data": [ITEM], "has_more": True}}
    with pytest.raises(MalformedObject, match="subscription"):
        subscription_of(shown)
    assert len(subscription_of(shown | {"status": "canceled"}).items) == 1
    with pytest.raises(MalformedObject, match="invoice"):
        invoice_of(INVOICE | {"payments": {"data": [], "has_more": True}}, [LINE])


def test_what_a_person_has_put_on_the_invoice_is_no_line_of_the_subscription() -> None:
    """It grants nothing and covers no period, also where it names the subscription whose invoice it is to come with
    (https://stripe.dev/stripe-java/com/stripe/model/InvoiceLineItem.Parent.InvoiceItemDetails.html).
    """
    of_item = {"invoice_item": "ii_1", "proration": False, "subscription": "sub_1"}
    parent = {"invoice_item_details": of_item, "subscription_item_details": None}
    put_on = LINE | {"id": "il_2", "parent": parent, "period": {"start": seconds(0), "end": 1_895_000_000}}
    invoice = invoice_of(INVOICE, [LINE, put_on])
    assert [line.of_subscription for line in invoice.lines] == [True, False]
    line = invoice.lines[0]
    assert paid_periods([invoice]) == {"si_1": Period(line.period_start, line.period_end)}


def test_an_invoice_names_the_order_of_its_subscription() -> None:
    """Whoever writes to the Stripe account may have written something else onto the invoice (F35)."""
    assert invoice_of(INVOICE, [LINE]).order == "ord_1"


@pytest.mark.parametrize(("told", "quantity"), [(0, 0), (None, 1), (3, 3)])
def test_no_unit_of_a_line_is_not_one(told: int | None, quantity: int) -> None:
    """A subscription may be set to no units for a while; what has no quantity is one."""
    (line,) = invoice_of(INVOICE, [LINE | {"quantity": told}]).lines
    assert line.quantity == quantity


@pytest.mark.parametrize(("told", "quantity"), [({"quantity": 0}, 0), ({}, 1), ({"quantity": 3}, 3)])
def test_no_unit_of_an_item_is_not_one(told: dict[str, int], quantity: int) -> None:
    """Else the look at subscriptions, which compares with what Stripe says, would tell of it each day."""
    item = {name: value for name, value in ITEM.items() if name != "quantity"} | told
    (found,) = subscription_of(SUBSCRIPTION | {"items": {"data": [item]}}).items
    assert found.quantity == quantity


@pytest.mark.parametrize("told", [None, "", "si 1", 7])
def test_an_item_that_can_not_be_told_from_others_is_named(told: object) -> None:
    """How far it is paid is remembered by its id."""
    item = {"id": told, "price": {"id": "price_1"}, "current_period_end": 1_797_000_000}
    with pytest.raises(MalformedObject) as raised:
        subscription_of(SUBSCRIPTION | {"items": {"data": [item]}})
    assert raised.value.ids["reason"] == "UnfitError('items.id')"
