"""What the services need of the world, as shapes: clock and randomness included.

Everything that a service does to the outside is one call of one of these, synchronous, so that a simulation can stand
between any two of them. Adapters implement them; tests have fakes with readable state.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from billing.domain.account import Account
from billing.domain.catalog import Price
from billing.domain.decide import Before
from billing.domain.ids import (
    CustomerId,
    EventId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    PurchaseKey,
    SessionId,
    UserId,
)
from billing.domain.ledger import Entry
from billing.domain.order import Claim, Order
from billing.domain.purchase import Purchase
from billing.domain.records import Commit, Committed, EventRecord, Recording
from billing.domain.snapshot import Snapshot


class Clock(Protocol):
    """Time, and waiting."""

    def now(self) -> datetime:
        """The time, timezone-aware UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Randomness(Protocol):
    """Chance: jitter and new ids."""

    def upto(self, limit: float) -> float:
        """A number from 0 to `limit`."""

    def order_id(self) -> OrderId:
        """A new order id that nobody can guess."""


class Log(Protocol):
    """One JSON line per step: a short constant message, ids as keys; never bodies, e-mail addresses or card data."""

    def info(self, message: str, **ids: object) -> None:
        """A step that went as it should."""

    def warning(self, message: str, **ids: object) -> None:
        """A step that somebody may want to look at."""

    def error(self, message: str, **ids: object) -> None:
        """A step that failed for good."""

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """An exception: its class and where it passed through, never its text."""


class Metrics(Protocol):
    """Counts for dashboards and alarms."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a metric."""

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """Add a measured time."""


class Queue(Protocol):
    """The events queue."""

    def send(self, body: str) -> None:
        """Put a message into the queue; returning means that the queue has it. Raises QueueUnavailable."""

    def delay(self, receipt: str, seconds: int) -> None:
        """Hide a received message for so long before its next try. Raises QueueUnavailable."""


class Secrets(Protocol):
    """Secrets by name."""

    def read(self, name: str) -> Mapping[str, object]:
        """The secret's JSON object; cached for minutes. Raises SecretsUnavailable, Misconfigured."""


# ---------------------------------------------------------------------------------------------------------- Redis


class Cache(Protocol):
    """Upstash Redis: only a cache. No method raises for a failure of Redis: it answers as if nothing were cached."""

    def is_done(self, event: EventId) -> bool:
        """Whether the consumer has marked this event as finished."""

    def publish(self, states: Sequence[PublishedAccount], done: Sequence[EventId]) -> bool:
        """Write what the accounts are now and mark the events, in one round trip; False when Redis did not take it.

        A stored value is replaced only by a higher account version, whatever order publishers come in.
        """

    def entitlement(self, user: UserId) -> CachedEntitlement | None:
        """The cached level of a user, if it is there, whole, and of this user."""

    def catalog(self) -> str | None:
        """The cached public catalog, as JSON."""

    def keep_catalog(self, document: str, seconds: int) -> None:
        """Cache the public catalog."""

    def lock_success(self, session: SessionId) -> bool:
        """Take the three-second lock of the public redirect; False when it is held, or Redis does not answer."""


@dataclass(frozen=True, slots=True)
class CachedEntitlement:
    """A cached level: `until` None has no end in sight."""

    level: str
    until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class PublishedAccount:
    """What the cache learns of an account after a converge."""

    user: UserId
    version: int
    at: datetime
    """When this held."""
    customer: CustomerId | None
    level: str
    until: datetime | None
    balance: int
    lowest: bool
    """True when the level is the one that everybody has: kept for 60 s only, so that a failed publish can't keep
    somebody who has paid out for an hour (money rule 25)."""
    subscription: Mapping[str, object] = field(default_factory=dict)
    """Subscription and payment state, as JSON values, for `stripe:customer:{id}`."""


# --------------------------------------------------------------------------------------------------------- Stripe


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A checkout session that can be paid."""

    id: SessionId
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Touched:
    """The payments that a converge must look at, beside the user's subscriptions."""

    sessions: frozenset[SessionId] = frozenset()
    invoices: frozenset[InvoiceId] = frozenset()
    payments: frozenset[PaymentIntentId] = frozenset()
    """Payment intents of invoices whose refunds and disputes must be read."""
    customers: frozenset[CustomerId] = frozenset()
    """Customers that may have been deleted."""


class StripeReader(Protocol):
    """Reading Stripe. Each method raises StripeUnavailable, StripeRefused or MalformedObject."""

    def snapshot(self, customers: Sequence[CustomerId], touched: Touched) -> Snapshot:
        """All subscriptions of the customers and the touched payments, as they are now, with the prices they name."""

    def session_of_payment(self, intent: PaymentIntentId) -> SessionId | None:
        """The checkout session that a payment intent belongs to."""

    def payment_of_charge(self, charge: str) -> PaymentIntentId | None:
        """The payment intent behind a charge (a dispute may name only the charge)."""

    def customer_of_payment(self, intent: PaymentIntentId) -> CustomerId | None:
        """The customer of a payment intent."""


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

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        """Create the order's checkout session; the same key gives the same session."""

    def is_open(self, session: SessionId) -> bool:
        """Whether the session can still be paid."""

    def expire_session(self, session: SessionId) -> bool:
        """End an open session; False when Stripe refuses because it is no longer open."""


# ------------------------------------------------------------------------------------------------------- DynamoDB


class AccountStore(Protocol):
    """Reading and writing accounts. Every read is consistent. Raises StoreUnavailable, MalformedObject."""

    def load(self, user: UserId, purchases: Collection[PurchaseKey], orders: Collection[OrderId] = ()) -> Before:
        """The account (a new one if there is none), and those of the purchases and orders that exist."""

    def extend(self, before: Before, purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> Before:
        """The same account with more of its purchases and orders."""

    def open_account(self, account: Account) -> Account:
        """Write a new account unless there is one; the one that stands afterwards."""

    def commit(self, commit: Commit) -> Committed:
        """Write all of it or nothing."""

    def owners(self, customers: Collection[CustomerId]) -> Mapping[CustomerId, UserId]:
        """Whose customers these are, of those that are anybody's."""

    def sources(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, tuple[UserId, str]]:
        """Owner and session or invoice of each payment intent that a purchase points from."""

    def orders(self, orders: Collection[OrderId]) -> Mapping[OrderId, Order]:
        """The orders that exist."""

    def own_customer(self, before: Account, customer: CustomerId) -> Account | None:
        """Give the customer to the user, with the account, in one transaction; None when somebody was faster."""


class EventStore(Protocol):
    """Recording events that change no account. Raises StoreUnavailable."""

    def record(self, record: EventRecord) -> Recording:
        """Record it, unless it is there with a terminal outcome.

        A PARKED one is written only while its customer has no owner (money rule 9).
        """


class CheckoutStore(Protocol):
    """Claims, orders and sessions. Every read is consistent. Raises StoreUnavailable, MalformedObject.

    A write raises Contention when it met another in progress: neither won nor lost, so it is tried again.
    """

    def claim(self, user: UserId, slot: str) -> Claim | None:
        """The slot's claim."""

    def take(self, claim: Claim, order: Order) -> bool:
        """Write order and claim, if the slot's generation is still the one before; False when it is not."""

    def attach(self, claim: Claim, purchase: Purchase) -> bool:
        """Write session and purchase; False when the claim's generation no longer stands (money rule 13)."""

    def order(self, order: OrderId) -> Order | None:
        """An order by id."""

    def purchase(self, key: PurchaseKey) -> Purchase | None:
        """A purchase by key."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ledger entries, newest first; `cursor` None ends the list."""

    entries: tuple[Entry, ...]
    cursor: str | None


class LedgerReader(Protocol):
    """Reading the ledger. Raises StoreUnavailable."""

    def page(self, user: UserId, limit: int, cursor: str | None) -> Page:
        """The newest entries before the cursor."""
