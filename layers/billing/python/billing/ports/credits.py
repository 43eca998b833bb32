"""DynamoDB as those who use credits see it: one account, what was asked before, one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from billing.domain.account import Account
    from billing.domain.credits import LotKey
    from billing.domain.ids import UserId
    from billing.domain.ledger import Entry
    from billing.domain.receipt import Remembered
    from billing.domain.spending import Act, Holdings


@dataclass(frozen=True, slots=True)
class Found:
    """The account (a new one if there is none) with the lots that were asked for, and the request of this key."""

    holdings: Holdings
    remembered: Remembered | None


@dataclass(frozen=True, slots=True)
class CreditWrite:
    """One transaction: the account from what was read to what the act made of it, and all that belongs to it.

    `undone` is the key of the spend's entry that this undoes.
    """

    before: Account
    act: Act
    remembered: Remembered | None = None
    undone: str | None = None


class CreditOutcome(StrEnum):
    """How a write ended. CONFLICT: another writer was faster. REPEATED: a request of this key was carried out before.
    UNDONE: the spend was undone before.
    """

    DONE = "DONE"
    CONFLICT = "CONFLICT"
    REPEATED = "REPEATED"
    UNDONE = "UNDONE"


class CreditStore(Protocol):
    """Reading and writing credits. Every read is consistent. Raises StoreUnavailable, MalformedObject."""

    def find(self, user: UserId, key: str | None = None, lots: Collection[LotKey] = ()) -> Found:
        """The account, those of the lots that are not in it, and what was done under this key."""

    def entry(self, user: UserId, key: str) -> Entry | None:
        """One entry of the user's ledger."""

    def write(self, write: CreditWrite) -> CreditOutcome:
        """Write all of it or nothing, while both counters of the account are as they were read."""


class DueReader(Protocol):
    """Finding accounts of which something ends by itself. Raises StoreUnavailable."""

    def due(self, until: datetime) -> Iterator[UserId]:
        """The users of whom something has ended by then, read as they are asked for.

        Eventually consistent: one that was settled a moment ago may still be named, and the newest be missing.
        """


class UndoneMarks(Protocol):
    """The marks that spends were undone. Raises StoreUnavailable."""

    def mark(self, undoing: Entry) -> None:
        """Say once more that this entry has undone the spend which it names, where a restored table has lost that."""
