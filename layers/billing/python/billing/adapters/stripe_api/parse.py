"""Stripe's objects, as the core sees them: shapes of the API version that the SDK pins (2026-10-28.endive).

Anything that does not fit raises MalformedObject: never guessed, never half read (failure-modes F31, S27).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from billing.adapters.stripe_api import shapes
from billing.adapters.stripe_api.fields import Object, id_of, reading
from billing.domain.hints import at
from billing.domain.ids import (
    CHOSEN_ID,
    CUSTOMER_ID,
    INVOICE_ID,
    ORDER_ID,
    PAYMENT_INTENT_ID,
    SESSION_ID,
    STRIPE_ID,
    SUBSCRIPTION_ID,
    CustomerId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    SessionId,
    SubscriptionId,
    UnfitError,
    fits,
    optional,
    required,
    unix_time,
)
from billing.domain.registers import status_of_dispute
from billing.domain.snapshot import (
    UNSTATED,
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
from billing.domain.subscription import ENDED
from billing.ports.stripe import FoundCustomer

_BRAND = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
_LAST4 = re.compile(r"[0-9]{4}", re.ASCII)
_ENDED_INTENTS = frozenset({"requires_payment_method", "canceled"})


def found_customer(obj: Object) -> FoundCustomer:
    """A customer of an address, with its subscriptions, of which a list leaves out the canceled ones."""
    with reading("customer", obj):
        return FoundCustomer(
            id=CustomerId(required(obj["id"], CUSTOMER_ID, "id")),
            created=unix_time(obj["created"], "created"),
            user_hint=(obj["metadata"] or {}).get("user_id"),
            subscribed=bool(obj["subscriptions"]["data"]),
        )


def session_of(obj: Object, items: Sequence[Object], payment: Payment | None) -> CheckoutSession:
    """A checkout session with all of its line items and its payment, if it has one. One that began a subscription shows
    no payment intent, and no field of it changes when the bank refuses the debit: the subscription tells by its end.
    """
    with reading("checkout session", obj):
        shapes.check(shapes.SESSION, obj)
        shapes.check_items(items)
        charged = obj["mode"] == "payment" and obj["payment_status"] == "paid" and obj["amount_total"] != 0
        if payment is None and charged:
            raise UnfitError("payment_intent.latest_charge")
        return CheckoutSession(
            id=SessionId(required(obj["id"], SESSION_ID, "id")),
            mode=obj["mode"],
            status=obj["status"],
            payment_status=obj["payment_status"],
            customer=_customer(obj["customer"]),
            currency=obj["currency"],
            amount_total=obj["amount_total"],
            items=tuple(LineItem(PriceId(item["price"]["id"]), item["quantity"]) for item in items),
            created=unix_time(obj["created"], "created"),
            order=_order(obj["client_reference_id"] or at(obj, ("metadata", "order_id"))),
            payment=payment,
            payment_failed=at(obj, ("payment_intent", "status")) in _ENDED_INTENTS
            or at(obj, ("subscription", "status")) in ENDED,
        )


def payment_of(intent: Object, refunds: Sequence[Object], disputes: Sequence[Object]) -> Payment | None:
    """The payment behind an intent whose latest charge is expanded; None while no charge has succeeded."""
    with reading("payment intent", intent):
        charge = intent["latest_charge"]
        if charge is None or charge["status"] != "succeeded":
            return None
        shapes.check_payment(charge, refunds, disputes)
        return Payment(
            intent=PaymentIntentId(required(intent["id"], PAYMENT_INTENT_ID, "id")),
            captured=charge["amount_captured"],
            currency=charge["currency"],
            paid_at=unix_time(charge["created"], "created"),
            refunds=tuple(_refund(item) for item in refunds),
            disputes=tuple(_dispute(item) for item in disputes),
            card=card_of(charge.get("payment_method_details")),
        )


def subscription_of(obj: Object) -> Subscription:
    """A subscription in any status."""
    with reading("subscription", obj):
        shapes.check(shapes.SUBSCRIPTION, obj)
        items = tuple(
            SubscriptionItem(
                price_id=PriceId(item["price"]["id"]),
                quantity=1 if item.get("quantity") is None else item["quantity"],
                period_end=unix_time(item["current_period_end"], "current_period_end"),
                id=required(item["id"], STRIPE_ID, "items.id"),
                period_start=unix_time(item["current_period_start"], "current_period_start"),
                created=unix_time(item["created"], "created"),
            )
            for item in shapes.subscription_items(obj)
        )
        invoice = obj["latest_invoice"]
        return Subscription(
            id=SubscriptionId(required(obj["id"], SUBSCRIPTION_ID, "id")),
            customer=CustomerId(id_of(obj["customer"], "customer", CUSTOMER_ID)),
            status=obj["status"],
            created=unix_time(obj["created"], "created"),
            items=items,
            cancel_at_period_end=obj["cancel_at_period_end"],
            trial_end=_time(obj["trial_end"]),
            latest_invoice=InvoiceId(id_of(invoice, "latest_invoice")) if invoice else None,
            order=_order(obj["metadata"].get("order_id")),
            cancel_at=_time(obj["cancel_at"]),
            collection_paused=obj.get("pause_collection") is not None,
            card=card_of(obj["default_payment_method"]),
        )


def card_of(method: object) -> Card | None:
    """Brand and last four of a payment method that was expanded, or of a charge's details; no more of it is kept."""
    card = method.get("card") if isinstance(method, Mapping) else None
    if not isinstance(card, Mapping):
        return None
    brand, last4 = fits(card.get("brand"), _BRAND), fits(card.get("last4"), _LAST4)
    return Card(brand, last4) if brand is not None and last4 is not None else None


def invoice_of(obj: Object, lines: Sequence[Object]) -> Invoice:
    """An invoice with all of its lines, and the intents that paid it: refunds and disputes are on their charges."""
    with reading("invoice", obj):
        shapes.check(shapes.INVOICE, obj)
        shapes.check(shapes.INVOICE_LINE, *lines)
        details = (obj["parent"] or {}).get("subscription_details") or {}
        paid_at = _time(obj["status_transitions"]["paid_at"])
        subscription = details.get("subscription")
        return Invoice(
            id=InvoiceId(required(obj["id"], INVOICE_ID, "id")),
            customer=CustomerId(id_of(obj["customer"], "customer", CUSTOMER_ID)),
            subscription=SubscriptionId(id_of(subscription, "subscription")) if subscription else None,
            status=obj["status"],
            billing_reason=obj["billing_reason"],
            currency=obj["currency"],
            lines=tuple(_invoice_line(line) for line in lines),
            paid_at=paid_at,
            intents=tuple(_invoice_intents(obj)),
            order=_order((details.get("metadata") or {}).get("order_id")),
        )


def _invoice_line(line: Object) -> InvoiceLine:
    item = (line["parent"] or {}).get("subscription_item_details")
    details = (line["pricing"] or {}).get("price_details") or {}
    price = details.get("price")
    return InvoiceLine(
        id=required(line["id"], STRIPE_ID, "id"),
        price_id=PriceId(id_of(price, "price", CHOSEN_ID)) if price else None,
        quantity=1 if line["quantity"] is None else line["quantity"],
        amount=line["amount"],
        period_end=unix_time(line["period"]["end"], "period.end"),
        proration=bool(item and item["proration"]),
        of_subscription=item is not None,
        period_start=unix_time(line["period"]["start"], "period.start"),
        item=fits(item.get("subscription_item"), STRIPE_ID) if item else None,
    )


def _invoice_intents(obj: Object) -> Iterator[PaymentIntentId]:
    """The intents of the invoice's paid payments: an invoice may be paid in parts
    (https://docs.stripe.com/invoicing/partial-payments). `payments` is there only when it was expanded.
    """
    for item in shapes.whole(obj.get("payments") or {"data": []}, "payments"):
        intent = item["payment"].get("payment_intent")
        if item["status"] == "paid" and intent:
            yield PaymentIntentId(required(id_of(intent, "payment_intent"), PAYMENT_INTENT_ID, "payment_intent"))


def _refund(obj: Object) -> Refund:
    status = UNSTATED if obj["status"] is None else obj["status"]
    return Refund(obj["id"], obj["amount"], status, unix_time(obj["created"], "created"))


def _dispute(obj: Object) -> Dispute:
    status = status_of_dispute(obj)
    return Dispute(obj["id"], obj["amount"], obj["currency"], status, unix_time(obj["created"], "created"))


def _customer(value: object) -> CustomerId | None:
    text = optional(value.get("id") if isinstance(value, Mapping) else value, CUSTOMER_ID, "customer")
    return CustomerId(text) if text is not None else None


def _order(value: object) -> OrderId | None:
    return OrderId(text) if (text := fits(value, ORDER_ID)) is not None else None


def _time(value: object) -> datetime | None:
    return None if value is None else unix_time(value, "time")
