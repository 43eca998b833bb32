"""Single objects of Stripe with every field, as the core sees them: each is kept for what it is (S27)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.adapters.stripe_api.fields import reading
from billing.adapters.stripe_api.parse import (
    card_of,
    found_customer,
    invoice_of,
    payment_of,
    session_of,
    subscription_of,
)
from billing.adapters.stripe_api.prices import price_of
from billing.domain.catalog import Gives, Price
from billing.domain.ids import (
    CustomerId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    SessionId,
    SubscriptionId,
)
from billing.domain.snapshot import (
    Card,
    CheckoutSession,
    Dispute,
    Invoice,
    InvoiceLine,
    LineItem,
    Payment,
    Refund,
    Subscription,
    SubscriptionItem,
)
from billing.errors import MalformedObject
from billing.ports.stripe import FoundCustomer
from tests.unit.billing.adapters.test_stripe_parse import (
    CHARGE,
    INTENT,
    INVOICE,
    LINE,
    SESSION,
    SUBSCRIPTION,
    at,
    seconds,
)

CUSTOMER = CustomerId("cus_1")
VISA = {"type": "card", "card": {"brand": "visa", "last4": "4242", "country": "US"}}


def test_every_field_of_a_payment_is_read() -> None:
    refund = {"id": "re_1", "amount": 100, "status": "requires_action", "created": seconds(3)}
    dispute = {"id": "du_1", "amount": 90, "status": "lost", "currency": "eur", "created": seconds(4)}
    paid = INTENT | {"latest_charge": CHARGE | {"payment_method_details": VISA}}
    assert payment_of(paid, [refund], [dispute]) == Payment(
        intent=PaymentIntentId("pi_1"),
        captured=1000,
        currency="usd",
        paid_at=at(0),
        refunds=(Refund("re_1", 100, "requires_action", at(3)),),
        disputes=(Dispute("du_1", 90, "eur", "lost", at(4)),),
        card=Card("visa", "4242"),
    )


@pytest.mark.parametrize("charge", [None, CHARGE | {"status": "pending"}, CHARGE | {"status": "failed"}])
def test_nothing_was_paid_while_no_charge_has_succeeded(charge: dict[str, Any] | None) -> None:
    assert payment_of(INTENT | {"latest_charge": charge}, [], []) is None


def test_what_is_only_authorized_is_not_captured() -> None:
    """Such a charge has succeeded, too: https://docs.stripe.com/api/charges/object#charge_object-amount_captured"""
    held = payment_of(INTENT | {"latest_charge": CHARGE | {"amount": 1000, "amount_captured": 0}}, [], [])
    assert held is not None
    assert held.captured == 0


@pytest.mark.parametrize(
    "method",
    [
        None,
        "pm_1",
        {"type": "sepa_debit"},
        {"card": None},
        {"card": {"brand": "visa", "last4": 4242}},
        {"card": {"brand": "visa", "last4": "42424"}},
        {"card": {"brand": "Visa!", "last4": "4242"}},
        {"card": {"brand": None, "last4": "4242"}},
    ],
)
def test_what_is_no_card_with_four_digits_is_none(method: object) -> None:
    assert card_of(method) is None


@pytest.mark.parametrize("customer", ["cus_1", {"id": "cus_1", "object": "customer"}, None])
def test_every_field_of_a_session_is_read(customer: object) -> None:
    payment = payment_of(INTENT, [], [])
    item = {"price": {"id": "price_1"}, "quantity": 2}
    assert session_of(SESSION | {"customer": customer}, [item], payment) == CheckoutSession(
        id=SessionId("cs_test_1"),
        mode="payment",
        status="complete",
        payment_status="paid",
        customer=CUSTOMER if customer else None,
        currency="usd",
        amount_total=1000,
        items=(LineItem(PriceId("price_1"), 2),),
        created=at(0),
        order=OrderId("ord_1"),
        payment=payment,
    )


@pytest.mark.parametrize("total", [0, 1])
def test_only_what_cost_nothing_needs_no_charge(total: int) -> None:
    with pytest.raises(MalformedObject) if total else nullcontext():
        assert session_of(SESSION | {"amount_total": total}, [], None).payment is None


@pytest.mark.parametrize("invoice", ["in_1", {"id": "in_1", "object": "invoice"}])
def test_every_field_of_a_subscription_is_read(invoice: object) -> None:
    item = {"id": "si_1", "price": {"id": "price_1"}, "quantity": 2, "created": seconds(7)}
    item |= {"current_period_start": seconds(8), "current_period_end": seconds(9)}
    told = {
        "items": {"data": [item]},
        "status": "past_due",
        "cancel_at_period_end": True,
        "latest_invoice": invoice,
        "metadata": {"order_id": "ord_1"},
        "pause_collection": {"behavior": "void"},
        "default_payment_method": VISA,
    }
    whole = Subscription(
        id=SubscriptionId("sub_1"),
        customer=CUSTOMER,
        status="past_due",
        created=at(0),
        items=(SubscriptionItem(PriceId("price_1"), 2, at(9), "si_1", at(8), at(7)),),
        cancel_at_period_end=True,
        trial_end=None,
        latest_invoice=InvoiceId("in_1"),
        order=OrderId("ord_1"),
        collection_paused=True,
        card=Card("visa", "4242"),
    )
    assert subscription_of(SUBSCRIPTION | told) == whole
    plain = subscription_of(SUBSCRIPTION | told | {"pause_collection": None, "latest_invoice": None, "metadata": {}})
    assert plain == replace(whole, collection_paused=False, latest_invoice=None, order=None)


@pytest.mark.parametrize("proration", [True, False])
def test_every_field_of_an_invoice_is_read(proration: bool) -> None:
    of = {"proration": proration, "subscription_item": "si_1"}
    told = LINE | {"parent": {"subscription_item_details": of}, "quantity": 3}
    line = InvoiceLine(
        id="il_1",
        price_id=PriceId("price_1"),
        quantity=3,
        amount=1200,
        period_end=datetime.fromtimestamp(1_797_000_000, UTC),
        proration=proration,
        of_subscription=True,
        period_start=at(0),
        item="si_1",
    )
    whole = Invoice(
        id=InvoiceId("in_1"),
        customer=CUSTOMER,
        subscription=SubscriptionId("sub_1"),
        status="paid",
        billing_reason="subscription_cycle",
        currency="usd",
        lines=(line,),
        paid_at=at(0),
        order=OrderId("ord_1"),
    )
    assert invoice_of(INVOICE, [told]) == whole
    assert invoice_of(INVOICE | {"parent": None}, [told]) == replace(whole, subscription=None, order=None)


PRICE: dict[str, Any] = {
    "id": "price_1",
    "active": True,
    "billing_scheme": "per_unit",
    "currency": "usd",
    "lookup_key": "pro",
    "metadata": {},
    "nickname": "Monthly",
    "product": "prod_1",
    "recurring": {"interval": "week", "interval_count": 2, "usage_type": "licensed"},
    "unit_amount": 1200,
}
PRODUCT = {"name": "Pro", "description": "All of it", "active": True, "metadata": {"plan": "pro"}}


def test_every_field_of_a_price_is_read() -> None:
    """Its product speaks where it says nothing itself."""
    whole = Price(
        id=PriceId("price_1"),
        lookup_key="pro",
        product_id="prod_1",
        product_name="Pro",
        description="All of it",
        active=True,
        currency="usd",
        unit_amount=1200,
        interval="week",
        gives=Gives(plan="pro"),
        interval_count=2,
    )
    levels = ("FREE", "PRO")
    assert price_of(PRICE, PRODUCT, levels) == whole
    assert price_of(PRICE | {"recurring": None}, PRODUCT, levels) == replace(whole, interval=None, interval_count=1)
    alone = replace(whole, product_name="Monthly", description=None, gives=Gives())
    assert price_of(PRICE, None, levels) == alone
    assert price_of(PRICE | {"nickname": None}, None, levels) == replace(alone, product_name="price_1")
    for of_price, of_product in ((True, False), (False, True), (False, False)):
        assert not price_of(PRICE | {"active": of_price}, PRODUCT | {"active": of_product}, levels).active


@pytest.mark.parametrize("subscriptions", [[], [{"id": "sub_1"}]])
def test_all_of_a_customer_that_has_an_address(subscriptions: list[Any]) -> None:
    told: dict[str, Any] = {"id": "cus_1", "created": seconds(1), "metadata": {"user_id": "alice"}}
    told["subscriptions"] = {"data": subscriptions}
    assert found_customer(told) == FoundCustomer(CUSTOMER, at(1), "alice", bool(subscriptions))
    for field, value in (("id", "cus 1"), ("created", "soon")):
        with pytest.raises(MalformedObject, match="a customer of Stripe") as refused:
            found_customer(told | {field: value})
        known = {} if field == "id" else {"id": told["id"]}
        assert refused.value.ids == {**known, "reason": f"UnfitError('{field}')"}


def test_what_is_told_of_an_object_that_can_not_be_read_is_short() -> None:
    with pytest.raises(MalformedObject, match="a list of Stripe can't be read") as refused, reading("list", {}):
        raise ValueError("x" * 300)
    assert refused.value.ids == {"reason": f"ValueError('{'x' * 188}"}
