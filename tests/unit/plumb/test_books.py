"""Ledger = balance = lots = cache: each difference is found, and a moving account gives no false alarm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import PurchaseKey, UserId
from billing.domain.ledger import Entry, Kind
from plumb.books import examine
from plumb.cached import Cached, CachedAccount
from tests.fakes.stores import FakeAccounts, FakeLedger, FakeTables

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ALICE = UserId("alice")
KEY = PurchaseKey("cs_1")
POLICY = AccessPolicy(("FREE", "PRO"), timedelta(days=7))
LOT = Lot(KEY, 0, 500, NOW - timedelta(days=9), NOW + timedelta(days=1), used=20)
ACCOUNT = Account(user=ALICE, lots=(LOT,), balance=480, version=3)


def entry(version: int, amount: int, after: int, kind: Kind = Kind.PURCHASE) -> Entry:
    return Entry(ALICE, version, 0, kind, amount, after, None, None, "test", "test", NOW)


ENTRIES = (entry(2, 500, 500), entry(3, -20, 480, Kind.SPEND))


def found(
    account: Account = ACCOUNT,
    entries: tuple[Entry, ...] = ENTRIES,
    cached: CachedAccount | None = None,
    now: datetime = NOW,
) -> list[tuple[str, Any, Any]]:
    tables = FakeTables()
    tables.accounts[ALICE] = account
    tables.ledger = {(ALICE, item.key): item for item in entries}
    mismatches = examine(ALICE, FakeAccounts(tables), FakeLedger(tables), cached or CachedAccount(), POLICY, now)
    return [(item.what, item.expected, item.found) for item in mismatches]


def test_nothing_is_found_where_all_agrees() -> None:
    cached = CachedAccount(Cached(480, 3), Cached("FREE", 3))
    assert found(cached=cached) == []


def test_nothing_is_found_of_a_user_without_an_account() -> None:
    assert found(replace(ACCOUNT, version=0), ()) == []


def test_all_pages_of_the_ledger_are_added_up() -> None:
    entries = tuple(entry(version, 1, version - 1) for version in range(2, 302))
    account = replace(ACCOUNT, version=301, balance=300, lots=(replace(LOT, granted=300, used=0),))
    assert found(account, entries) == []
    assert found(account, entries[:-1]) == [("ledger", 300, 299)]
    assert found(account, entries[1:]) == [("ledger", 300, 299)]


@pytest.mark.parametrize(
    ("account", "entries", "expected"),
    [
        (ACCOUNT, ENTRIES[:1], [("ledger", 480, 500)]),
        (replace(ACCOUNT, balance=490), ENTRIES, [("ledger", 490, 480), ("lots", 490, 480)]),
        (replace(ACCOUNT, lots=(replace(LOT, used=0),)), ENTRIES, [("lots", 480, 500)]),
        (ACCOUNT, (entry(2, 500, 490), entry(3, -20, 480)), [("chain", 500, 490)]),
        (ACCOUNT, (entry(2, 480, 500), entry(3, 0, 480)), [("chain", 480, 500)]),
    ],
)
def test_what_differs_is_found_with_both_values(
    account: Account, entries: tuple[Entry, ...], expected: list[tuple[str, Any, Any]]
) -> None:
    assert found(account, entries) == expected


@pytest.mark.parametrize(
    ("credits", "level", "expected"),
    [
        (Cached(500, 3), None, [("cached_credits", 480, 500)]),
        (Cached(500, 2), None, [("stale", 480, 500)]),
        (Cached(480, 2), None, []),  # a write that told the cache nothing, and that it need not know of
        (Cached(480, 4), None, [("stale", 480, 480)]),  # ahead of what was read
        (None, Cached("PRO", 3), [("cached_level", "FREE", "PRO")]),
        (None, Cached("PRO", 2), [("stale", "FREE", "PRO")]),
        (None, Cached("FREE", 1), []),
    ],
)
def test_a_cache_that_differs_is_found(credits: Any, level: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert found(cached=CachedAccount(credits, level)) == expected


def test_a_lot_that_ran_out_since_the_cache_was_told() -> None:
    """Both the balance from before the expiry and the one after it are right, until the next write."""
    later = NOW + timedelta(days=2)
    assert found(cached=CachedAccount(Cached(480, 3)), now=later) == []
    assert found(cached=CachedAccount(Cached(0, 3)), now=later) == []
    assert found(cached=CachedAccount(Cached(7, 3)), now=later) == [("cached_credits", 0, 7)]


def test_a_cached_level_that_is_held_is_no_difference() -> None:
    grant = LevelGrant(KEY, 0, "PRO", NOW - timedelta(days=1), 30, None)
    assert found(replace(ACCOUNT, levels=(grant,)), cached=CachedAccount(level=Cached("PRO", 3))) == []


def test_a_ledger_that_is_ahead_of_a_restored_account() -> None:
    """F48: up to the account's own version all adds up, and yet it has lost a spend."""
    assert found(entries=(*ENTRIES, entry(5, -80, 400, Kind.SPEND))) == [("ahead", 3, 5)]


def test_an_account_that_moves_on_while_its_ledger_is_read_is_not_behind() -> None:
    """Money rule 28."""
    tables = FakeTables()
    tables.accounts[ALICE] = ACCOUNT
    tables.ledger = {(ALICE, item.key): item for item in (*ENTRIES, entry(4, -80, 400, Kind.SPEND))}
    later = replace(ACCOUNT, balance=400, version=4, lots=(replace(LOT, used=100),))
    tables.calls.after("load", lambda: tables.accounts.update({ALICE: later}))
    assert examine(ALICE, FakeAccounts(tables), FakeLedger(tables), CachedAccount(), POLICY, NOW) == []
