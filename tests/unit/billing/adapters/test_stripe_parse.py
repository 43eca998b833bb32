"""What the adapter makes of single objects of Stripe, where two fields are easily taken for each other.

The whole shapes come from the stand-in (tests/integration/adapters); here is what it seldom or never shows.
"""

from __future__ import annotations

from typing import Any

import pytest

from billing.adapters.stripe_api.parse import invoice_of, payment_of, session_of, subscription_of
from billing.domain.ids import PaymentIntentId
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
    "parent": {"subscription_item_details": {"proration": False}},
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
    item = {"price": {"id": "price_1"}, "current_period_end": 1_797_000_000, **told}
    (found,) = subscription_of(SUBSCRIPTION | {"items": {"data": [item]}}).items
    assert found.quantity == quantity
