"""The append-only ledger: why a balance is what it is, and who had which access when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.credits import Share
from billing.domain.ids import EventId, UserId
from billing.domain.subscription import Span

_OUT_OF_ORDER = timedelta(hours=1)


class Kind(StrEnum):
    """What an entry records. ACCESS entries have amount 0: the trail covers entitlements as well as credits.

    A RESTORE takes back what had been booked of Stripe after the moment that a table was put back to (money rule 29).
    """

    PURCHASE = "PURCHASE"
    RENEWAL = "RENEWAL"
    REFUND = "REFUND"
    REFUND_FAILED = "REFUND_FAILED"
    DISPUTE = "DISPUTE"
    DISPUTE_WON = "DISPUTE_WON"
    EXPIRY = "EXPIRY"
    SPEND = "SPEND"
    SPEND_REVERSAL = "SPEND_REVERSAL"
    ADJUSTMENT = "ADJUSTMENT"
    RESTORE = "RESTORE"
    ACCESS = "ACCESS"


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what set a converge going: an actor of ours, and the events that it was handed."""

    actor: str
    events: tuple[tuple[EventId, frozenset[str]], ...] = ()
    """Each event with the ids of the Stripe objects that it concerns."""

    def event_of(self, stripe_object: str | None) -> EventId | None:
        """The event that speaks of this object; else the first one; None when no event was the cause."""
        for event, objects in self.events:
            if stripe_object in objects:
                return event
        return self.events[0][0] if self.events else None


@dataclass(frozen=True, slots=True)
class Change:
    """A ledger entry in the making: `amount` in credits, signed."""

    kind: Kind
    amount: int
    stripe_object: str | None
    reason: str
    lots: tuple[Share, ...] = ()
    reference: str | None = None
    access: Span | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a user's ledger. `amount` and `balance_after` are credits, signed."""

    user: UserId
    version: int
    index: int
    kind: Kind
    amount: int
    balance_after: int
    stripe_object: str | None
    event: EventId | None
    actor: str
    reason: str
    at: datetime
    lots: tuple[Share, ...] = ()
    """The lots that a spend or an adjustment took from, or that a reversal gave back to; those that expired."""
    reference: str | None = None
    """A spend's: the caller's name for it, or the reservation. A spend reversal's: the key of the spend's entry."""
    access: Span | None = None
    """An access entry's: what has held since. The reason says it for people."""

    @property
    def key(self) -> str:
        """Account version and index: unique by construction, in order without a clock, the same on a retry (rule 6)."""
        return f"{self.version:012d}#{self.index:03d}"


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of a ledger: of these kinds (none named: of all), from a time on, and before a time."""

    kinds: frozenset[Kind] = frozenset()
    since: datetime | None = None
    before: datetime | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether this entry is one of them."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (self.since is None or entry.at >= self.since)
            and (self.before is None or entry.at < self.before)
        )

    def ended(self, entry: Entry) -> bool:
        """Whether all entries before this one are too old.

        Entries are in the order of the account's versions. Their times are those of the machines that wrote them, so
        one may be a little out of order; no clock of AWS is off by an hour, and no function runs that long.
        """
        return self.since is not None and entry.at + _OUT_OF_ORDER < self.since


EVERYTHING = EntryFilter()


def booked(
    user: UserId, version: int, balance: int, changes: Iterable[Change], now: datetime, cause: Cause
) -> tuple[Entry, ...]:
    """The entries of one write of the account, which makes it this `version`; `balance` is the one before it."""
    entries = []
    for index, change in enumerate(changes):
        balance += change.amount
        entries.append(
            Entry(
                user=user,
                version=version,
                index=index,
                kind=change.kind,
                amount=change.amount,
                balance_after=balance,
                stripe_object=change.stripe_object,
                event=cause.event_of(change.stripe_object),
                actor=cause.actor,
                reason=change.reason,
                at=now,
                lots=change.lots,
                reference=change.reference,
                access=change.access,
            )
        )
    return tuple(entries)
