"""The account: a user's whole billing state in one item, so that one consistent read tells all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.domain.credits import Lot, balance_of
from billing.domain.entitlement import AccessPolicy, LevelGrant, access_at
from billing.domain.ids import CustomerId, UserId
from billing.domain.subscription import Span, SubscriptionState


@dataclass(frozen=True, slots=True)
class Account:
    """What a user has and owes.

    `version` is bumped by every write, `stripe_version` by every converge, also by one that changes nothing (money rule
    1). `balance` is kept beside the lots so that a reader can check one against the other.
    """

    user: UserId
    email: str | None = None
    customers: tuple[CustomerId, ...] = ()
    """The user's customers that Stripe has not deleted, oldest first; the last one is used for new checkouts.

    One snapshot covers them all (money rule 4). A deleted one has no subscriptions left: deleting cancels them at once
    (https://docs.stripe.com/api/customers/delete).
    """
    deleted_customers: tuple[CustomerId, ...] = ()
    customer_generation: int = 1
    """Part of the key under which the next customer is created: bumped when the last one was deleted."""
    subscriptions: tuple[SubscriptionState, ...] = ()
    subscribed: tuple[str, ...] = ()
    """The plan groups in which the user has ever had a subscription that began: a trial is given once in each."""
    levels: tuple[LevelGrant, ...] = ()
    lots: tuple[Lot, ...] = ()
    balance: int = 0
    access: Span | None = None
    """The level that the last write recorded in the ledger; what holds now is `access_at`."""
    version: int = 0
    stripe_version: int = 0

    @property
    def customer(self) -> CustomerId | None:
        """The customer for new checkouts."""
        return self.customers[-1] if self.customers else None

    def access_at(self, policy: AccessPolicy, now: datetime) -> Span:
        """The level that speaks at `now`."""
        return access_at(self.subscriptions, self.levels, policy, now)


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits at a moment: `balance` may be negative, `available` is what can be spent."""

    balance: int
    available: int


def credits_at(account: Account, now: datetime) -> Credits:
    """The balance at `now`, with lots that have run out since the last write already counted as expired.

    Nobody may count on an expired credit until the next converge writes the expiry to the ledger.
    """
    balance = balance_of(lot.settled_at(now) for lot in account.lots)
    return Credits(balance=balance, available=max(0, balance))


def ordered_lots(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """Lots in the order in which they are spent: first to expire first, then oldest first."""
    return tuple(
        sorted(
            lots,
            key=lambda lot: (
                lot.expires_at is None,
                lot.expires_at or lot.granted_at,
                lot.granted_at,
                lot.purchase,
                lot.line,
            ),
        )
    )
