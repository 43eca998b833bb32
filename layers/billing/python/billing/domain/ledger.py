"""The append-only ledger: why a balance is what it is, and who had which access when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.ids import EventId, UserId


class Kind(StrEnum):
    """What an entry records. ACCESS entries have amount 0: the trail covers entitlements as well as credits."""

    PURCHASE = "PURCHASE"
    RENEWAL = "RENEWAL"
    REFUND = "REFUND"
    REFUND_FAILED = "REFUND_FAILED"
    DISPUTE = "DISPUTE"
    DISPUTE_WON = "DISPUTE_WON"
    EXPIRY = "EXPIRY"
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

    @property
    def key(self) -> str:
        """Account version and index: unique by construction, in order without a clock, the same on a retry (rule 6)."""
        return f"{self.version:012d}#{self.index:03d}"
