"""The stores of those who use credits, over the same tables in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.domain.account import Account, due_at
from billing.domain.credits import LotKey
from billing.domain.ids import UserId
from billing.domain.ledger import Entry
from billing.domain.receipt import Remembered
from billing.domain.spending import Holdings
from billing.ports.credits import CreditOutcome, CreditWrite, Found
from tests.fakes.stores import FakeTables, Write


@dataclass
class FakeCredits:
    """The CreditStore port."""

    tables: FakeTables

    def find(self, user: UserId, key: str | None = None, lots: Collection[LotKey] = ()) -> Found:
        with self.tables.calls.called("find"):
            account = self.tables.accounts.get(user, Account(user=user))
            here = {lot.key for lot in account.lots}
            there = {lot: self.tables.lots.get((user, lot)) for lot in lots if lot not in here}
            moved = {name: lot for name, lot in there.items() if lot is not None}
            remembered = self.tables.requests.get((user, key)) if key is not None else None
            return Found(Holdings(account, moved), remembered)

    def entry(self, user: UserId, key: str) -> Entry | None:
        with self.tables.calls.called("entry"):
            return self.tables.ledger.get((user, key))

    def write(self, write: CreditWrite) -> CreditOutcome:
        tables, act = self.tables, write.act
        with tables.calls.called("write"):
            guards = [*self._request(write.remembered), *self._undone(write)]
            reasons = tables.write(
                [
                    *(put for _, put in guards),
                    tables.put_account(write.before, act.account),
                    *(tables.put_lot(act.account.user, lot) for lot in act.moved),
                    *(tables.put_entry(entry) for entry in act.entries),
                ]
            )
        if not reasons:
            return CreditOutcome.DONE
        for (outcome, _), reason in zip(guards, reasons, strict=False):
            if reason == "ConditionalCheckFailed":
                return outcome
        return CreditOutcome.CONFLICT

    def _request(self, remembered: Remembered | None) -> Iterator[tuple[CreditOutcome, Write]]:
        if remembered is not None:
            key = (remembered.user, remembered.key)
            put = Write(
                f"IDEM#{key}", key not in self.tables.requests, lambda: self.tables.requests.update({key: remembered})
            )
            yield CreditOutcome.REPEATED, put

    def _undone(self, write: CreditWrite) -> Iterator[tuple[CreditOutcome, Write]]:
        if write.undone is not None:
            key = (write.before.user, write.undone)
            put = Write(f"UNDONE#{key}", key not in self.tables.undone, lambda: self.tables.undone.add(key))
            yield CreditOutcome.UNDONE, put


@dataclass
class FakeUndone:
    """The UndoneMarks port."""

    tables: FakeTables

    def mark(self, undoing: Entry) -> None:
        with self.tables.calls.called("mark"):
            assert undoing.reference is not None
            self.tables.undone.add((undoing.user, undoing.reference))


@dataclass
class FakeDue:
    """The DueReader port: an index that follows each write at once, in the order of users' names."""

    tables: FakeTables

    def due(self, until: datetime) -> Iterator[UserId]:
        with self.tables.calls.called("due"):
            found = [user for user, account in sorted(self.tables.accounts.items()) if _is_due(account, until)]
        yield from found


def _is_due(account: Account, until: datetime) -> bool:
    due = due_at(account)
    return due is not None and due <= until
