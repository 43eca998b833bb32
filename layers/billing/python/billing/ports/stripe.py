"""Stripe, as shapes: reading it, its catalog, customers, checkout and portal sessions, and changing subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from billing.domain.catalog import Price
    from billing.domain.ids import (
        CustomerId,
        InvoiceId,
        OrderId,
        PaymentIntentId,
        PriceId,
        SessionId,
        SubscriptionId,
        UserId,
    )
    from billing.domain.notice import Hints, ObjectRef
    from billing.domain.order import Order
    from billing.domain.plan_change import Bill, LiveSubscription, PlanChange
    from billing.domain.snapshot import Payment, Snapshot
    from billing.domain.walk import Walk


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A checkout session that can be paid: on Stripe's page at `url`, or embedded, by its `client_secret`."""

    id: SessionId
    url: str | None
    expires_at: datetime
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer that has an address. `user_hint` is in its metadata, which anybody in the Stripe account writes."""

    id: CustomerId
    created: datetime
    user_hint: str | None
    subscribed: bool
    """Whether it has a subscription that is not canceled."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The payments that a converge must look at, beside the user's subscriptions."""

    sessions: frozenset[SessionId] = frozenset()
    invoices: frozenset[InvoiceId] = frozenset()
    payments: frozenset[PaymentIntentId] = frozenset()
    """Payment intents of invoices whose refunds and disputes must be read."""
    registers: frozenset[InvoiceId] = frozenset()
    """Invoices whose payments must be read, with their refunds and disputes."""
    customers: frozenset[CustomerId] = frozenset()
    """Customers that may have been deleted."""


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A checkout session as a list shows it. `order` is a look-up hint, never proof of ownership."""

    id: SessionId
    status: str
    order: OrderId | None


@dataclass(frozen=True, slots=True)
class History:
    """What a customer has bought: checkout sessions and paid invoices of subscriptions, the newest first."""

    sessions: tuple[ListedSession, ...]
    invoices: tuple[InvoiceId, ...]
    whole: bool
    """False when there was more than was asked for."""


class StripeReader(Protocol):
    """Reading Stripe. Each method raises StripeUnavailable, StripeRefused or MalformedObject."""

    def history(self, customer: CustomerId, limit: int) -> History:
        """The newest `limit` checkout sessions of a customer, and as many invoices; also of one that was deleted."""

    def snapshot(self, customers: Sequence[CustomerId], touched: Touched) -> Snapshot:
        """All subscriptions of the customers and the touched payments, as they are now, with the prices they name."""

    def payments(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, Payment]:
        """The payments behind these intents with their refunds and disputes, of those that have been captured."""

    def session_of_payment(self, intent: PaymentIntentId) -> SessionId | None:
        """The checkout session that a payment intent belongs to."""

    def hints(self, ref: ObjectRef) -> Hints | None:
        """What an object says of itself: its customer and the objects that belong to it; None if there is none."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of one of Stripe's lists, the newest first, as Stripe tells it."""

    objects: tuple[Mapping[str, Any], ...]
    after: str | None
    """The id behind which the next page begins; None when this is the last one."""


class EventList(Protocol):
    """Stripe's own list of events. Raises StripeUnavailable, StripeRefused, MalformedObject."""

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        """Up to 100 events of the walk's stretch of time, behind the walk's last one.

        At most 20 `types`. `undelivered`: only those that some endpoint has not taken. An event of which the walk is to
        go on and that Stripe no longer has is a StripeRefused of `resource_missing`.
        """


class ObjectList(Protocol):
    """Stripe's own list of one kind of objects. Raises StripeUnavailable, StripeRefused, MalformedObject."""

    def page(self, walk: Walk) -> Listed:
        """Up to 100 objects that were made in the walk's stretch of time, behind its last one."""


@dataclass(frozen=True, slots=True)
class ObjectLists:
    """Those that are read: subscriptions of all statuses, with their latest invoices, and of invoices the paid ones."""

    sessions: ObjectList
    subscriptions: ObjectList
    invoices: ObjectList
    refunds: ObjectList
    disputes: ObjectList


class Catalog(Protocol):
    """What is for sale. Raises StripeUnavailable, StripeRefused."""

    def price(self, price: PriceId) -> Price | None:
        """A price by id, archived ones too."""

    def price_by_lookup_key(self, lookup_key: str) -> Price | None:
        """The price that holds this lookup key."""

    def active_prices(self) -> Sequence[Price]:
        """Every active price of an active product."""


class StripeCheckout(Protocol):
    """Making customers and checkout sessions. Raises StripeUnavailable, StripeRefused."""

    def create_customer(self, user: UserId, email: str | None, key: str) -> CustomerId:
        """Create the user's customer; the same key and parameters give the same customer."""

    def customers_of(self, email: str) -> Sequence[FoundCustomer]:
        """The customers with exactly this address, the newest hundred of them; deleted ones are not among them."""

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        """Create the order's checkout session; the same key gives the same session."""

    def is_open(self, session: SessionId) -> bool:
        """Whether the session can still be paid."""

    def expire_session(self, session: SessionId) -> bool:
        """End an open session; False when Stripe refuses because it is no longer open."""


@dataclass(frozen=True, slots=True)
class PortalFlow:
    """One thing to do in the customer portal, instead of its front page. `type` is Stripe's word.

    https://docs.stripe.com/customer-management/portal-deep-links
    """

    type: str
    subscription: SubscriptionId | None = None


class StripePortal(Protocol):
    """Stripe's customer portal."""

    def open_portal(self, customer: CustomerId, flow: PortalFlow | None, locale: str | None) -> str:
        """The address of a new session; it is valid for minutes, and whoever has it gets in.

        Raises PortalNotConfigured, PortalFlowUnavailable, StripeUnavailable, StripeRefused.
        """


class StripeSubscriptions(Protocol):
    """Changing subscriptions. Raises StripeUnavailable, StripeRefused, MalformedObject."""

    def live(self, subscription: SubscriptionId) -> LiveSubscription:
        """The subscription as it is now, with the prices of its items."""

    def preview(self, change: PlanChange) -> Bill:
        """The invoice that the change would make at once."""

    def preview_recurring(self, change: PlanChange) -> Bill:
        """The invoice of each period after the change."""

    def change(self, change: PlanChange, key: str) -> LiveSubscription:
        """Make the change once it is paid for: until then it is pending. The same key changes once.

        Raises SubscriptionNotChangeable when the saved payment method can't be charged at once.
        """
