"""What Stripe says is true, as the core sees it: the fields that decide something, and nothing else.

The Stripe adapter fills these from objects of the pinned API version. Times are timezone-aware UTC, amounts integer
minor units of the currency beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
class Payment:
    """The money behind a purchase: the payment intent's successful charge."""

    intent: PaymentIntentId
    captured: int
    currency: str
    paid_at: datetime
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


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
    payment: Payment | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one converge needs to know, read after the account it will change (money rules 2 and 4)."""

    subscriptions: tuple[Subscription, ...] = ()
    sessions: tuple[CheckoutSession, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    deleted_customers: frozenset[CustomerId] = frozenset()
    prices: Mapping[PriceId, Price] = field(default_factory=dict)
    """Of every price that a subscription or an invoice line here names."""
