"""What is written: the record of an event, and the one transaction of a converge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.ids import CustomerId, EventId
from billing.domain.ledger import Entry
from billing.domain.purchase import Purchase


class Outcome(StrEnum):
    """What became of an event; PARKED and QUARANTINED ones can be tried again."""

    APPLIED = "APPLIED"
    NOOP = "NOOP"
    IGNORED = "IGNORED"
    PARKED = "PARKED"
    QUARANTINED = "QUARANTINED"

    @property
    def terminal(self) -> bool:
        """Whether a replay of the event has nothing left to do."""
        return self not in (Outcome.PARKED, Outcome.QUARANTINED)


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as the events table keeps it: ids and outcome, never its payload."""

    id: EventId
    type: str
    created: datetime
    outcome: Outcome
    reason: str | None
    recorded_at: datetime
    customer: CustomerId | None = None
    message: str | None = None
    """The queue message (ids only) of one that is parked or quarantined, so that it can be tried again without asking
    Stripe, which keeps events for 30 days."""


class Recording(StrEnum):
    """How recording an event that changes no account ended.

    RECORDED: it was there with a terminal outcome. OWNED: it was to be parked, but its customer has an owner by now.
    """

    WRITTEN = "WRITTEN"
    RECORDED = "RECORDED"
    OWNED = "OWNED"


@dataclass(frozen=True, slots=True)
class Unparked:
    """Parked events of a customer that a commit takes off its list; `last` when none is left there."""

    customer: CustomerId
    events: frozenset[EventId]
    last: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction: the account from what was read to what was decided, with its purchases, entries and events.

    `changed` False writes the events and bumps `stripe_version` only.
    """

    before: Account
    after: Account
    changed: bool
    purchases: tuple[Purchase, ...] = ()
    entries: tuple[Entry, ...] = ()
    events: tuple[EventRecord, ...] = ()
    moved: tuple[Lot, ...] = ()
    """Lots that the account holds no more: items of their own from now on (money rule 17)."""
    unparked: tuple[Unparked, ...] = ()


class CommitOutcome(StrEnum):
    """How a commit ended. CONFLICT: another writer was faster. RECORDED: one of its events was there already."""

    DONE = "DONE"
    CONFLICT = "CONFLICT"
    RECORDED = "RECORDED"


@dataclass(frozen=True, slots=True)
class Committed:
    """The result of a commit; `recorded` names the events that stood in its way."""

    outcome: CommitOutcome
    recorded: frozenset[EventId] = frozenset()
