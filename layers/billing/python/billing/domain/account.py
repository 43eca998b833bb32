"""The account: a user's whole billing state in one item, so that one consistent read tells all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.credits import Lot, Reservation, balance_of
from billing.domain.entitlement import AccessPolicy, LevelGrant, access_at
from billing.domain.ids import CustomerId, UserId, iso_seconds
from billing.domain.ledger import Change, Kind
from billing.domain.payment_notes import PaymentNote
from billing.domain.settle import Settled, settle
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
    """All that anything is left or held of, and the newest others; the rest have items of their own (money rule 17)."""
    reservations: tuple[Reservation, ...] = ()
    balance: int = 0
    payments: tuple[PaymentNote, ...] = ()
    """The last few, newest first: for showing, nothing is decided by them."""
    access: Span | None = None
    """The level that the last write recorded in the ledger; what holds now is `access_at`."""
    version: int = 0
    stripe_version: int = 0
    unlooked: bool | None = None
    """True from when customers became the user's until a converge has asked Stripe what they have; else absent."""

    @property
    def customer(self) -> CustomerId | None:
        """The customer for new checkouts."""
        return self.customers[-1] if self.customers else None

    def access_at(self, policy: AccessPolicy, now: datetime) -> Span:
        """The level that speaks at `now`."""
        return access_at(self.subscriptions, self.levels, policy, now)


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits at a moment: `balance` may be negative, `reserved` is a part of it, `available` is what can be spent."""

    balance: int
    available: int
    reserved: int = 0


def credits_at(account: Account, now: datetime) -> Credits:
    """The balance at `now`: lots that have run out and reservations that have lapsed since the last write are settled.

    Nobody may count on an expired credit until the next write brings the expiry to the ledger.
    """
    return credits_of(settle(account.lots, account.reservations, now))


def credits_of(settled: Settled) -> Credits:
    """What there is: what can be spent is the balance without what is reserved, never below 0 (money rule 17)."""
    balance, reserved = balance_of(settled.lots), sum(item.amount for item in settled.reservations)
    return Credits(balance, max(0, balance - reserved), reserved)


def due_at(account: Account) -> datetime | None:
    """When something of the account next ends by itself, whether or not Stripe says anything; None when nothing will.

    From what the last write recorded, so that a search for what is due needs no policy.
    """
    ends = [lot.expires_at for lot in account.lots if lot.expires_at is not None and lot.free > 0]
    ends += [item.expires_at for item in account.reservations]
    if account.access is not None and account.access.until is not None:
        ends.append(account.access.until)
    return min(ends, default=None)


def record_access(
    account: Account, subject: str | None, now: datetime, policy: AccessPolicy
) -> tuple[Account, list[Change]]:
    """Bring the recorded level to what holds now. The ledger has a line for each turn, also for one that time brings.

    `subject` is the Stripe object that made it turn, if one did.
    """
    access = account.access_at(policy, now)
    was = account.access or Span(policy.levels[0], None)
    if access == was:
        return account, []
    turn = Change(Kind.ACCESS, 0, subject, f"{_said(was)} to {_said(access)}", access=access)
    return replace(account, access=access), [turn]


def _said(access: Span) -> str:
    return access.level if access.until is None else f"{access.level} until {iso_seconds(access.until)}"
