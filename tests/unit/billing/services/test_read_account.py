"""Reading: one consistent read, or the cache where that is enough and can be believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import PurchaseKey
from billing.domain.ledger import Entry, EntryFilter, Kind
from billing.domain.subscription import Span
from billing.errors import InvalidRequest, StoreUnavailable
from billing.ports.cache import PublishedAccount
from billing.services.read_account import read_account, read_entitlement, read_transactions
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, BOB, DAY, NOW

PRO = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW, 30)


@pytest.fixture
def core() -> Core:
    core = Core()
    core.tables.accounts[ALICE] = Account(ALICE, levels=(PRO,), version=3)
    return core


def cached(core: Core, **given) -> None:
    state = PublishedAccount(ALICE, 3, NOW, None, "TEAM", NOW + DAY, 0, lowest=False)
    core.cache.accounts[ALICE] = replace(state, **given)


def test_a_user_who_never_bought_anything_has_an_empty_account(core):
    assert read_account(BOB, core.read) == Account(BOB)
    assert read_account(ALICE, core.read) == core.account()


def test_a_level_comes_from_the_cache_without_a_read(core):
    cached(core)
    assert read_entitlement(ALICE, core.read) == (Span("TEAM", NOW + DAY), "cache")
    assert core.calls.made == []


def test_a_level_without_an_end_is_believed(core):
    cached(core, until=None)
    assert read_entitlement(ALICE, core.read) == (Span("TEAM", None), "cache")


@pytest.mark.parametrize("given", [{"until": NOW}, {"until": NOW - timedelta(seconds=1)}, {"level": "GOLD"}])
def test_a_level_that_has_run_out_or_that_nobody_ranks_is_not_believed(core, given):
    cached(core, **given)
    assert read_entitlement(ALICE, core.read) == (Span("PRO", NOW + 30 * DAY), "store")


def test_a_level_that_the_last_write_has_recorded_is_not_believed(core):
    """Money rule 21: it is what held then, and the schedule may not have written yet that it has ended."""
    core.tables.accounts[ALICE] = replace(core.account(), access=Span("TEAM", NOW))
    assert read_entitlement(ALICE, core.read) == (Span("PRO", NOW + 30 * DAY), "store")


def test_what_was_read_from_the_store_is_cached(core):
    """F21: nothing is lost."""
    assert read_entitlement(ALICE, core.read)[1] == "store"
    assert core.cache.accounts[ALICE].level == "PRO"
    assert read_entitlement(ALICE, core.read)[1] == "cache"


def test_a_user_of_whom_nothing_is_known_has_the_lowest_level(core):
    assert read_entitlement(BOB, core.read) == (Span("FREE", None), "store")
    assert core.cache.accounts[BOB].lowest


def test_without_redis_the_store_answers(core):
    """F19, F21."""
    core.cache.down = True
    cached(core)
    assert read_entitlement(ALICE, core.read) == (Span("PRO", NOW + 30 * DAY), "store")


def test_without_the_store_nothing_is_guessed(core):
    core.calls.broken["load"] = StoreUnavailable("throttled")
    with pytest.raises(StoreUnavailable):
        read_entitlement(ALICE, core.read)


def test_the_ledger_is_read_in_pages_newest_first(core):
    for version in range(1, 6):
        entry = Entry(ALICE, version, 0, Kind.PURCHASE, 1, version, None, None, "test", "", NOW)
        core.tables.ledger[ALICE, entry.key] = entry
    first = read_transactions(ALICE, 2, None, core.read)
    assert [entry.version for entry in first.entries] == [5, 4]
    rest = read_transactions(ALICE, 100, first.cursor, core.read)
    assert [entry.version for entry in rest.entries] == [3, 2, 1]
    assert rest.cursor is None
    assert read_transactions(BOB, 1, None, core.read).entries == ()
    assert read_transactions(ALICE, 100, None, core.read, EntryFilter(kinds=frozenset({Kind.SPEND}))).entries == ()


def test_what_is_wanted_is_wanted_on_every_page(core):
    for version in range(1, 7):
        kind = Kind.SPEND if version % 2 else Kind.PURCHASE
        entry = Entry(ALICE, version, 0, kind, 1, version, None, None, "test", "", NOW)
        core.tables.ledger[ALICE, entry.key] = entry
    spends = EntryFilter(kinds=frozenset({Kind.SPEND}))
    first = read_transactions(ALICE, 1, None, core.read, spends)
    rest = read_transactions(ALICE, 100, first.cursor, core.read, spends)
    assert [entry.version for entry in (*first.entries, *rest.entries)] == [5, 3, 1]


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_has_bounds(core, limit):
    with pytest.raises(InvalidRequest, match="from 1 to 100"):
        read_transactions(ALICE, limit, None, core.read)
