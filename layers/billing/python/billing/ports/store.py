"""DynamoDB, as shapes: accounts, events, checkouts and the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from billing.domain.ledger import EVERYTHING, Entry, EntryFilter

if TYPE_CHECKING:
    from billing.domain.account import Account
    from billing.domain.decide import Before
    from billing.domain.ids import (
        CustomerId,
        EventId,
        OrderId,
        PaymentIntentId,
        PurchaseKey,
        SessionId,
        SubscriptionId,
        UserId,
    )
    from billing.domain.order import Claim, Order
    from billing.domain.purchase import Purchase, PurchaseState
    from billing.domain.records import Commit, Committed, EventRecord, Recording, Unparked
    from billing.domain.subscription import SubscriptionState
    from billing.domain.walk import Walk


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a customer is, and whether events of it were parked before that was known and still are."""

    user: UserId
    parked: bool = False


class AccountStore(Protocol):
    """Reading and writing accounts. Every read is consistent. Raises StoreUnavailable, MalformedObject."""

    def load(self, user: UserId, purchases: Collection[PurchaseKey], orders: Collection[OrderId] = ()) -> Before:
        """The account (a new one if there is none), and those of the purchases and orders that exist."""

    def extend(self, before: Before, purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> Before:
        """The same account with more of its purchases and orders."""

    def open_account(self, account: Account) -> Account:
        """Write an account, unless somebody has written it since it was read; the one that stands afterwards.

        Of version 0 while another transaction is at it: nothing is stored then that anybody may rely on.
        """

    def commit(self, commit: Commit) -> Committed:
        """Write all of it or nothing."""

    def owners(self, customers: Collection[CustomerId]) -> Mapping[CustomerId, Owner]:
        """Whose customers these are, of those that are anybody's."""

    def buyers(self, sessions: Collection[SessionId]) -> Mapping[SessionId, UserId]:
        """Who ordered these checkout sessions, of those that we made."""

    def sources(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, tuple[UserId, str]]:
        """Owner and session or invoice of each payment intent that a purchase points from."""

    def orders(self, orders: Collection[OrderId]) -> Mapping[OrderId, Order]:
        """The orders that exist."""

    def own_customers(self, before: Account, customers: Sequence[CustomerId]) -> Account | None:
        """Give customers to the user, with the account, in one transaction; None when somebody was faster."""


class EventStore(Protocol):
    """The events and what became of them. Raises StoreUnavailable, MalformedObject."""

    def record(self, record: EventRecord) -> Recording:
        """Record an event that changes no account, unless it is there with a terminal outcome.

        A PARKED one is written only while its customer has no owner (money rule 9), and onto the customer's list.
        """

    def records(self, events: Collection[EventId]) -> Mapping[EventId, EventRecord]:
        """The records that exist."""

    def parked(self, customer: CustomerId, most: int) -> Parked:
        """The first `most` events on a customer's list of parked ones."""


class Walks(Protocol):
    """How far Stripe's lists were read. Raises StoreUnavailable, MalformedObject."""

    def load(self, name: str) -> Walk | None:
        """The walk of this name, read consistently."""

    def save(self, walk: Walk) -> Walk | None:
        """Write the walk; None when somebody else has written it since. The one that stands afterwards."""


class KnownObjects(Protocol):
    """What is stored of Stripe's objects, read consistently. Raises StoreUnavailable, MalformedObject."""

    def states(self, purchases: Collection[PurchaseKey]) -> Mapping[PurchaseKey, PurchaseState]:
        """How far purchases have come, of those that exist."""

    def ordered(self, named: Collection[tuple[OrderId, CustomerId]]) -> Collection[tuple[OrderId, CustomerId]]:
        """Of orders and customers that are named together, those of which the customer's owner wrote the order."""

    def subscriptions(
        self, customers: Collection[CustomerId]
    ) -> Mapping[CustomerId, Mapping[SubscriptionId, SubscriptionState]]:
        """The subscriptions in the account that each customer belongs to, of those that are anybody's."""

    def registers(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, Mapping[str, str]]:
        """The status of each refund and dispute of a payment by its id, of those that a purchase points from."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Parked events of a customer: what they were when they were parked, and what to take off the list with them."""

    records: tuple[EventRecord, ...]
    unparked: Unparked | None
    """None when the customer has no list."""


class CheckoutStore(Protocol):
    """Claims, orders and sessions. Every read is consistent. Raises StoreUnavailable, MalformedObject.

    A write raises Contention when it met another in progress: neither won nor lost, so it is tried again.
    """

    def claim(self, user: UserId, slot: str) -> Claim | None:
        """The slot's claim."""

    def take(self, claim: Claim, order: Order, ended: SessionId | None = None) -> bool:
        """Write order and claim, if the slot's generation is still the one before and holds no other session than the
        one that the caller has `ended`; False when it does not: a session was attached in the meantime, and is open.
        """

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

    def page(self, user: UserId, limit: int, cursor: str | None, wanted: EntryFilter = EVERYTHING) -> Page:
        """The newest entries before the cursor that are wanted. Raises InvalidRequest for a cursor that is none.

        Reading is bounded: a page may hold less than `limit`, or nothing, and still have a cursor to go on from.
        """
