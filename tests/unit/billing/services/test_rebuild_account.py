"""An account that was put back to an earlier moment, and a ledger that was not (money rule 29; F48)."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from billing.domain.account import Account
from billing.domain.credits import balance_of
from billing.domain.ledger import Kind
from billing.errors import AlreadyReversed, Contention, StoreUnavailable
from billing.services.adjust_credits import adjust_credits
from billing.services.rebuild_account import RebuildDeps, rebuild_account
from billing.services.resync import resync
from billing.services.spend_credits import reverse_spend, spend_credits
from tests.fakes.core import Core, a_notice
from tests.fakes.credits import FakeUndone
from tests.fakes.snapshots import ALICE, DAY, NOW, SESSION, an_order
from tests.fakes.stores import FakeLedger
from tests.fakes.world import Crash, raising


@pytest.fixture
def core() -> Core:
    core = Core()
    core.has_customer()
    adjust_credits(ALICE, 100, "welcome", "ada", "grant", None, core.use)
    return core


def deps_of(core: Core) -> RebuildDeps:
    return RebuildDeps(core.credits, FakeLedger(core.tables), FakeUndone(core.tables), core.clock)


def put_back(core: Core, then: Core) -> None:
    """The accounts table as it was then; the ledger as it is."""
    for name in ("accounts", "owners", "purchases", "orders", "requests", "undone", "lots"):
        setattr(core.tables, name, getattr(then.tables, name))


def spend(core: Core, amount: int, key: str) -> str:
    done = spend_credits(ALICE, amount, "a picture", None, key, "service", core.use)
    assert done.receipt.entry is not None
    return done.receipt.entry.key


def test_a_day_of_spends_comes_back_and_a_purchase_is_booked_anew_and_once(core: Core) -> None:
    """More entries than a page has; a lot of a purchase that the table has lost is among those that were spent from."""
    core.has_session(an_order())
    then = copy.deepcopy(core)
    core.stripe.pay(SESSION)
    core.deliver(a_notice())
    for number in range(120):
        spend(core, 2, f"key-{number}")
    assert core.account().balance == 360
    lost = core.account()
    put_back(core, then)
    rebuilt = rebuild_account(ALICE, "jo", deps_of(core))
    assert rebuilt is not None
    assert (len(rebuilt.redone), rebuilt.taken_back) == (120, -500)
    assert [entry.version for entry in rebuilt.redone] == sorted(entry.version for entry in rebuilt.redone)
    assert core.account().balance == -140
    resync(ALICE, core.converge, core.cache, NOW + DAY, actor="jo")
    assert core.account().balance == balance_of(core.account().lots) == 360
    assert {lot.key: lot.left for lot in core.account().lots} == {lot.key: lot.left for lot in lost.lots}
    assert [pair for pair in core.granted() if pair[0] != "SPEND"] == [
        ("ADJUSTMENT", 100),
        ("PURCHASE", 500),
        ("RESTORE", -500),
        ("PURCHASE", 500),
    ]
    core.tables.check()


def test_a_second_run_finds_nothing_to_do(core: Core) -> None:
    then = copy.deepcopy(core)
    spend(core, 10, "key")
    put_back(core, then)
    assert rebuild_account(ALICE, "jo", deps_of(core)) is not None
    core.calls.made.clear()
    assert rebuild_account(ALICE, "jo", deps_of(core)) is None
    assert core.calls.made == ["find", "page", "find"]


def test_a_dry_run_writes_nothing(core: Core) -> None:
    then = copy.deepcopy(core)
    spend(core, 10, "key")
    put_back(core, then)
    rebuilt = rebuild_account(ALICE, "jo", deps_of(core), dry_run=True)
    assert rebuilt is not None
    assert core.account().balance == 100
    assert core.granted()[-1] == ("SPEND", -10)


def test_what_was_undone_can_not_be_undone_again(core: Core) -> None:
    spent = spend(core, 10, "key")
    then = copy.deepcopy(core)
    reverse_spend(ALICE, spent, "undone", "undo", "service", core.use)
    put_back(core, then)
    rebuild_account(ALICE, "jo", deps_of(core))
    assert core.account().balance == 100
    with pytest.raises(AlreadyReversed):
        reverse_spend(ALICE, spent, "undone", "undo-2", "service", core.use)


def test_who_is_killed_right_after_the_write_leaves_no_spend_that_could_be_undone_twice(core: Core) -> None:
    """F48: with the account written there is nothing left to do, so what was undone must be marked by then."""
    spent = spend(core, 10, "key")
    then = copy.deepcopy(core)
    reverse_spend(ALICE, spent, "undone", "undo", "service", core.use)
    put_back(core, then)
    core.calls.after("write", raising(StoreUnavailable("killed")))
    with pytest.raises(StoreUnavailable):
        rebuild_account(ALICE, "jo", deps_of(core))
    assert rebuild_account(ALICE, "jo", deps_of(core)) is None
    with pytest.raises(AlreadyReversed):
        reverse_spend(ALICE, spent, "undone", "undo-2", "service", core.use)


def test_a_lot_that_had_left_the_account_is_found_when_its_spend_was_undone_since(core: Core) -> None:
    spent = spend(core, 100, "key")
    for number in range(11):
        adjust_credits(ALICE, 10, "more", "ada", f"grant-{number}", None, core.use)
    spend(core, 110, "all")
    assert len(core.tables.lots) == 4
    then = copy.deepcopy(core)
    reverse_spend(ALICE, spent, "undone", "undo", "service", core.use)
    put_back(core, then)
    rebuild_account(ALICE, "jo", deps_of(core))
    assert [(lot.granted, lot.used) for lot in core.account().lots if lot.left] == [(100, 0)]


def test_an_account_of_which_only_the_ledger_is_left(core: Core) -> None:
    spend(core, 10, "key")
    put_back(core, Core())
    rebuilt = rebuild_account(ALICE, "jo", deps_of(core))
    assert rebuilt is not None
    assert [entry.kind for entry in rebuilt.redone] == [Kind.ADJUSTMENT, Kind.SPEND]
    assert core.account().balance == 90
    assert core.account().version == 4


def test_nothing_is_rebuilt_without_an_account_and_a_ledger(core: Core) -> None:
    put_back(core, Core())
    core.tables.ledger.clear()
    assert rebuild_account(ALICE, "jo", deps_of(core)) is None


def test_somebody_who_writes_meanwhile_is_told(core: Core) -> None:
    then = copy.deepcopy(core)
    spend(core, 10, "key")
    put_back(core, then)
    moved = replace(core.account(), version=9)
    core.calls.before("write", lambda: core.tables.accounts.update({ALICE: moved}))
    with pytest.raises(Contention, match="pause the functions first") as refused:
        rebuild_account(ALICE, "jo", deps_of(core))
    assert refused.value.ids == {"user_id": ALICE}


def test_a_ledger_that_was_put_back_further_than_its_account(core: Core) -> None:
    spend(core, 10, "key")
    [*_, last] = sorted(core.tables.ledger)
    del core.tables.ledger[last]
    rebuild_account(ALICE, "jo", deps_of(core))
    assert core.granted() == [("ADJUSTMENT", 100), ("RESTORE", -10)]
    assert core.account().balance == 90
    assert core.tables.entries(ALICE)[-1].kind is Kind.RESTORE
    assert isinstance(core.account(), Account)


def test_whoever_is_killed_anywhere_begins_again_and_ends_the_same() -> None:
    """At every call of a port, before it and after it; then all of it once more."""

    def damaged() -> Core:
        core = Core()
        core.has_customer()
        core.has_session(an_order())
        then = copy.deepcopy(core)
        core.stripe.pay(SESSION)
        core.deliver(a_notice())
        reverse_spend(ALICE, spend(core, 70, "one"), "undone", "undo", "service", core.use)
        spend(core, 30, "two")
        put_back(core, then)
        core.calls.made.clear()
        return core

    def mended(core: Core) -> None:
        rebuild_account(ALICE, "jo", deps_of(core))
        resync(ALICE, core.converge, core.cache, NOW + DAY, actor="jo")

    whole = damaged()
    mended(whole)
    calls = len(whole.calls.made)
    assert calls > 10
    for moment in ("crash_before", "crash_after"):
        for number in range(calls):
            core = damaged()
            setattr(core.calls, moment, number)
            with pytest.raises(Crash):
                mended(core)
            core.calls.crash_before = core.calls.crash_after = -1
            mended(core)
            assert core.account().balance == 470
            assert core.granted() == whole.granted(), (moment, number)
            core.tables.check()
