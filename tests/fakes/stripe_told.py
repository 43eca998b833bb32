"""Objects as a list of Stripe's tells them: as much of each as a look reads, in the shape of the pinned version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.domain.catalog import Price
from billing.domain.snapshot import CheckoutSession, Invoice
from tests.fakes.object_lists import FakeLists
from tests.fakes.snapshots import CUSTOMER, DAY, INTENT, INVOICE, NOW, PRICES, PRO_MONTHLY, SUBSCRIPTION, item_of
from tests.fakes.stripe_world import FakeStripe

_MADE = NOW - DAY
MONTH_LATER = NOW + 30 * DAY


def told_subscription(
    *,
    price: Price = PRO_MONTHLY,
    quantity: int = 1,
    period_end: datetime = MONTH_LATER,
    item: str | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """An active one, whose invoice is not expanded."""
    held = {
        "id": item or item_of(price.id),
        "price": {"id": price.id},
        "quantity": quantity,
        "current_period_end": int(period_end.timestamp()),
    }
    subscription = {
        "id": SUBSCRIPTION,
        "object": "subscription",
        "created": int(_MADE.timestamp()),
        "livemode": False,
        "customer": CUSTOMER,
        "status": "active",
        "items": {"object": "list", "data": [held], "has_more": False},
        "cancel_at_period_end": False,
        "cancel_at": None,
        "trial_end": None,
        "pause_collection": None,
        "latest_invoice": INVOICE,
        "metadata": {},
    }
    return subscription | changed


def told_invoice(
    *,
    price: Price = PRO_MONTHLY,
    amount: int | None = None,
    proration: bool = False,
    period_start: datetime | None = None,
    period_end: datetime = MONTH_LATER,
    line: str = "il_1",
    item: str | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """A paid first one, of one line."""
    sold = {
        "id": line,
        "amount": price.unit_amount if amount is None else amount,
        "quantity": 1,
        "period": {"start": int((period_start or NOW).timestamp()), "end": int(period_end.timestamp())},
        "parent": {
            "subscription_item_details": {"proration": proration, "subscription_item": item or item_of(price.id)}
        },
        "pricing": {"price_details": {"price": price.id}},
    }
    invoice = {
        "id": INVOICE,
        "object": "invoice",
        "created": int(_MADE.timestamp()),
        "livemode": False,
        "customer": CUSTOMER,
        "status": "paid",
        "billing_reason": "subscription_create",
        "parent": {"subscription_details": {"subscription": SUBSCRIPTION}},
        "lines": {"object": "list", "data": [sold], "has_more": False},
    }
    return invoice | changed


def told_refund(name: str = "re_1", status: str = "succeeded", **changed: Any) -> dict[str, Any]:
    """A refund of the payment that the other builders make."""
    refund = {"id": name, "object": "refund", "created": int(_MADE.timestamp()), "status": status}
    return refund | {"payment_intent": INTENT, "charge": "ch_1", "amount": 100} | changed


def told_dispute(name: str = "dp_1", status: str = "needs_response", **changed: Any) -> dict[str, Any]:
    """A dispute of it."""
    return told_refund(name, status, object="dispute", livemode=False) | changed


def told_by(stripe: FakeStripe, lists: FakeLists) -> None:
    """Let the lists tell what this Stripe has; all of it was made yesterday."""
    invoices = {each.id: _told_invoice(each) for each in stripe.invoices.values()}
    lists.subscriptions.made = [
        told_subscription(
            id=each.id,
            customer=each.customer,
            status=each.status,
            price=stripe.prices[each.items[0].price_id],
            item=each.items[0].id,
            period_end=each.items[0].period_end,
            cancel_at_period_end=each.cancel_at_period_end,
            latest_invoice=invoices.get(each.latest_invoice) if each.latest_invoice else None,
        )
        for each in stripe.subscriptions.values()
    ]
    lists.invoices.made = [each for each in invoices.values() if each["status"] == "paid"]
    bought: tuple[CheckoutSession | Invoice, ...] = (*stripe.sessions.values(), *stripe.invoices.values())
    paid = [each.payment for each in bought if each.payment is not None]
    lists.refunds.made = [
        told_refund(refund.id, refund.status, payment_intent=payment.intent)
        for payment in paid
        for refund in payment.refunds
    ]
    lists.disputes.made = [
        told_dispute(dispute.id, dispute.status, payment_intent=payment.intent)
        for payment in paid
        for dispute in payment.disputes
    ]


def _told_invoice(invoice: Invoice) -> dict[str, Any]:
    (line,) = invoice.lines
    return told_invoice(
        id=invoice.id,
        customer=invoice.customer,
        status=invoice.status,
        billing_reason=invoice.billing_reason,
        line=line.id,
        item=line.item,
        price=PRICES[line.price_id] if line.price_id else PRO_MONTHLY,
        amount=line.amount,
        period_start=line.period_start,
        period_end=line.period_end,
        parent={"subscription_details": {"subscription": invoice.subscription}},
    )
