"""Bring one account to what its ledger says, after the tables were put back to earlier moments (money rule 29).

Nobody else may write meanwhile: the functions are paused. Killed anywhere, it is done again from the start: until the
one transaction, the account is as the restore has left it, and after it there is nothing left to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.ids import UserId
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.rebuild import Rebuilt, lots_named, rebuild
from billing.errors import Contention
from billing.ports.credits import CreditOutcome, CreditStore, CreditWrite, UndoneMarks
from billing.ports.store import LedgerReader
from billing.ports.world import Clock

_PAGE = 100


@dataclass(frozen=True, slots=True)
class RebuildDeps:
    """What rebuilding an account needs of the world."""

    credits: CreditStore
    ledger: LedgerReader
    undone: UndoneMarks
    clock: Clock


def rebuild_account(user: UserId, actor: str, deps: RebuildDeps, *, dry_run: bool = False) -> Rebuilt | None:
    """Write the account that the ledger tells; None when the two agree. A `dry_run` only says what it would write.

    Raises Contention when somebody else writes the account, StoreUnavailable, MalformedObject.
    """
    before = deps.credits.find(user).holdings.account
    newest, later = _entries_since(user, before.version, deps.ledger)
    holdings = deps.credits.find(user, None, lots_named(later)).holdings
    rebuilt = rebuild(holdings, newest, later, deps.clock.now(), Cause(actor))
    if rebuilt is None or dry_run:
        return rebuilt
    for entry in later:
        if entry.kind is Kind.SPEND_REVERSAL:
            deps.undone.mark(entry)
    if deps.credits.write(CreditWrite(holdings.account, rebuilt.act)) is not CreditOutcome.DONE:
        raise Contention("somebody writes this account: pause the functions first", user_id=user)
    return rebuilt


def _entries_since(user: UserId, version: int, ledger: LedgerReader) -> tuple[Entry | None, list[Entry]]:
    """The newest entry, and those that an account of this version has not seen, oldest first."""
    newest, later = None, list[Entry]()
    limit, cursor = 1, None  # most accounts have seen all of it
    while True:
        page = ledger.page(user, limit, cursor)
        for entry in page.entries:
            newest = newest or entry
            if entry.version <= version:
                return newest, later[::-1]
            later.append(entry)
        if page.cursor is None:
            return newest, later[::-1]
        limit, cursor = _PAGE, page.cursor
