"""What Stripe says is true, as the core sees it: the fields that decide something, and nothing else.

The Stripe adapter fills these from objects of the pinned API version. Times are timezone-aware UTC, amounts integer
minor units of the currency beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from billing.domain.catalog import Price
from billing.domain.ids import (
    CustomerId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    SessionId,
    SubscriptionId,
)

UNSTATED: Final = "pending"
"""What a refund without a status counts as. stripe-python 16.1.0 says that it may have none, and no page says when: its
money may be on the way out, and one that took nothing back would give it away."""


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a charge. Status: pending, requires_action, succeeded, failed or canceled."""

    id: str
    amount: int
    status: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute of a charge. Inquiries have a status that starts with `warning_`."""

    id: str
    amount: int
    currency: str
    status: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """What may be kept of a card: its brand, as Stripe names it, and its last four digits."""

    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Payment:
    """The money behind a purchase: the successful charge of its payment intent, or those of several as one.

    `refunds` and `disputes` are the registers.
    """

    intent: PaymentIntentId
    captured: int
    currency: str
    paid_at: datetime
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    also: tuple[PaymentIntentId, ...] = ()
    """Further payment intents that paid the same invoice."""
    card: Card | None = None

    @property
    def intents(self) -> tuple[PaymentIntentId, ...]:
        """Every payment intent behind it."""
        return self.intent, *self.also


def combined(payments: Sequence[Payment]) -> Payment:
    """Several payments of one invoice as one: what was captured adds up, and so do the registers.

    A dispute in another currency takes back the whole of *its* charge (money rule 18), so it is put into numbers here,
    while it is known which charge that was.
    """
    first = min(payments, key=lambda payment: (payment.paid_at, payment.intent))
    if len(payments) == 1:
        return first
    return replace(
        first,
        captured=sum(payment.captured for payment in payments),
        paid_at=max(payment.paid_at for payment in payments),
        refunds=tuple(refund for payment in payments for refund in payment.refunds),
        disputes=tuple(_in_currency(dispute, payment) for payment in payments for dispute in payment.disputes),
        also=tuple(sorted({intent for payment in payments for intent in payment.intents} - {first.intent})),
    )


def _in_currency(dispute: Dispute, payment: Payment) -> Dispute:
    if dispute.currency == payment.currency:
        return dispute
    return replace(dispute, amount=payment.captured, currency=payment.currency)


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of a checkout session."""

    price_id: PriceId
    quantity: int


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """A checkout session. `status`: open, complete, expired; `payment_status`: paid, unpaid, no_payment_required."""

    id: SessionId
    mode: str
    status: str
    payment_status: str
    customer: CustomerId | None
    currency: str
    amount_total: int
    items: tuple[LineItem, ...]
    created: datetime
    order: OrderId | None
    """The order id that the session carries: a look-up hint, never proof of ownership."""
    payment: Payment | None = None
    payment_failed: bool = False
    """An asynchronous payment that ended without money."""

    @property
    def settled(self) -> bool:
        """Whether it is paid for, or complete with nothing due (money rule 15)."""
        if self.status != "complete":
            return False
        return self.payment_status == "paid" or (
            self.payment_status == "no_payment_required" and (self.mode == "subscription" or self.amount_total == 0)
        )


@dataclass(frozen=True, slots=True)
class SubscriptionItem:
    """One price of a subscription. The period sits here since API version 2025-03-31."""

    price_id: PriceId
    quantity: int
    period_end: datetime
    id: str
    """Its own id, which it keeps when its price is switched."""
    period_start: datetime
    created: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription in any status, canceled ones included."""

    id: SubscriptionId
    customer: CustomerId
    status: str
    created: datetime
    items: tuple[SubscriptionItem, ...]
    cancel_at_period_end: bool
    trial_end: datetime | None
    latest_invoice: InvoiceId | None
    order: OrderId | None
    """The order id in its metadata: a look-up hint, never proof of ownership."""
    cancel_at: datetime | None = None
    collection_paused: bool = False
    """Whether collecting payments is paused; the status stays what it was
    (https://docs.stripe.com/billing/subscriptions/pause-payment)."""
    card: Card | None = None
    """The card that it is charged to, where it has one of its own."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of a subscription's invoice."""

    id: str
    price_id: PriceId | None
    quantity: int
    amount: int
    period_end: datetime
    proration: bool
    of_subscription: bool
    """Whether its parent is a subscription item, and not an invoice item."""
    period_start: datetime
    item: str | None = None
    """The subscription's item that it was billed for, whatever that one's price is by now."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice of a subscription. `status`: draft, open, paid, void, uncollectible."""

    id: InvoiceId
    customer: CustomerId
    subscription: SubscriptionId | None
    status: str
    billing_reason: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    paid_at: datetime | None
    intents: tuple[PaymentIntentId, ...] = ()
    """The payment intents that paid it: one, several when it was paid in parts, none when nothing was due."""
    payment: Payment | None = None
    """What they came to, with its registers; None until they were read (see `with_payments`)."""
    order: OrderId | None = None
    """The order that its subscription named when the invoice was made. A subscription of a deleted customer is in no
    list any more, and its metadata may have been written over since."""
    trial_end: datetime | None = None
    """When its subscription's trial ended, of one of a change whose subscription is in no list any more."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one converge needs to know, read after the account it will change (money rules 2 and 4)."""

    subscriptions: tuple[Subscription, ...] = ()
    sessions: tuple[CheckoutSession, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    deleted_customers: frozenset[CustomerId] = frozenset()
    prices: Mapping[PriceId, Price] = field(default_factory=dict)
    """Of every price that a subscription, an invoice line or a paid session here names, and that can be read."""
    deleted_prices: frozenset[PriceId] = frozenset()
    """Of these, those of which at most a session's lines still say what they give. An invoice grants nothing by that,
    or a look that reads no session would find something else (docs/decisions/0062)."""

    def with_payments(self, read: Mapping[PaymentIntentId, Payment]) -> Snapshot:
        """The same with the payments of those invoices whose payment intents were read."""
        return replace(self, invoices=tuple(_paid_by(invoice, read) for invoice in self.invoices))


def _paid_by(invoice: Invoice, read: Mapping[PaymentIntentId, Payment]) -> Invoice:
    found = [read[intent] for intent in invoice.intents if intent in read]
    return replace(invoice, payment=combined(found)) if found else invoice
