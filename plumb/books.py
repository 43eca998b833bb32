"""Ledger = balance = lots = cache, for one account at a moment (money rules 17 and 28).

The account is read first. The ledger is then compared up to the version that was read: those entries never change, so
an account that moves on meanwhile gives no false alarm. The cache is told after each write, so one that lags behind, or
is ahead of what was read, is looked at again before it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.domain.account import Account, credits_at
from billing.domain.credits import balance_of
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import UserId
from billing.domain.ledger import Entry
from billing.ports.store import AccountStore, LedgerReader
from plumb.cached import CachedAccount

_PAGE = 100


MOVING = "stale"
"""The one difference that a write between two reads makes as well."""


@dataclass(frozen=True)
class Mismatch:
    """Two of them differ. `what` is a stable word."""

    user: UserId
    what: str
    """`ahead`: the ledger has entries that the account has not seen; `ledger`: the sum of the entries; `chain`: an
    entry does not follow from the one before; `lots`: what is left of them; `cached_credits`, `cached_level`: the
    cache, at the account's version; `stale`: the cache, at another one."""
    expected: object
    found: object
    version: int


def of_account(account: Account, ledger: LedgerReader, accounts: AccountStore) -> Iterator[Mismatch]:
    """What differs between the account and its ledger and lots."""
    total, newer, broken = 0, account.balance, None
    ahead = 0
    for entry in _entries(account.user, ledger):
        if entry.version > account.version:
            ahead = max(ahead, entry.version)
            continue
        if entry.balance_after != newer and broken is None:
            broken = (newer, entry.balance_after)
        total += entry.amount
        newer = entry.balance_after - entry.amount
    # an account is written together with the entry: read after it, it has seen it, unless one of the two was restored
    if ahead and accounts.load(account.user, []).account.version < ahead:
        yield Mismatch(account.user, "ahead", account.version, ahead, account.version)
    if total != account.balance:
        yield Mismatch(account.user, "ledger", account.balance, total, account.version)
    elif broken is not None or newer != 0:
        expected, found = broken or (0, newer)
        yield Mismatch(account.user, "chain", expected, found, account.version)
    left = balance_of(account.lots)
    if left != account.balance:
        yield Mismatch(account.user, "lots", account.balance, left, account.version)


def of_cache(account: Account, cached: CachedAccount, policy: AccessPolicy, now: datetime) -> Iterator[Mismatch]:
    """What differs between the account and the cache. What is not cached can't differ."""
    level = account.access_at(policy, now).level
    for what, part, expected, allowed in (
        ("cached_credits", cached.credits, credits_at(account, now).balance, _balances(account, now)),
        ("cached_level", cached.level, level, {level}),
    ):
        if part is None or (part.value in allowed and part.version <= account.version):
            continue  # not every write is worth telling the cache: of an older version the same value is right
        name = what if part.version == account.version else MOVING
        yield Mismatch(account.user, name, expected, part.value, account.version)


def examine(
    user: UserId,
    accounts: AccountStore,
    ledger: LedgerReader,
    cached: CachedAccount,
    policy: AccessPolicy,
    now: datetime,
) -> list[Mismatch]:
    """All that differs of one user. `cached` was read before the account, which can only have moved on since."""
    account = accounts.load(user, []).account
    if account.version == 0:
        return []
    return [*of_account(account, ledger, accounts), *of_cache(account, cached, policy, now)]


def _entries(user: UserId, ledger: LedgerReader) -> Iterator[Entry]:
    """The entries, newest first, a page in memory."""
    cursor = None
    while True:
        page = ledger.page(user, _PAGE, cursor)
        yield from page.entries
        cursor = page.cursor
        if cursor is None:
            return


def _balances(account: Account, now: datetime) -> set[int]:
    """The balances that the cache may rightly have kept since the account was written: lots run out meanwhile."""
    ends = [lot.expires_at for lot in account.lots if lot.expires_at is not None and lot.expires_at <= now]
    ends += [item.expires_at for item in account.reservations if item.expires_at <= now]
    first = datetime.min.replace(tzinfo=UTC)
    return {credits_at(account, moment).balance for moment in (first, *ends, now)}
