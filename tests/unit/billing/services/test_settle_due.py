"""What ends by itself is written down by the schedule, without Stripe, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import PurchaseKey, UserId
from billing.domain.subscription import Span
from billing.errors import BillingError, MalformedObject, StoreUnavailable
from billing.services.adjust_credits import adjust_credits
from billing.services.reserve_credits import reserve_credits
from billing.services.settle_due import Settling, settle_due
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, BOB, DAY, NOW

MINUTE = timedelta(minutes=1)


def given_credits(core: Core, user: UserId = ALICE, amount: int = 100, days: int = 1) -> None:
    adjust_credits(user, amount, "welcome", "ada", f"grant-{days}", NOW + days * DAY, core.use)


def run(core: Core, minutes: float = 5) -> Settling:
    done = settle_due(core.clock.time + minutes * MINUTE, core.due, core.use)
    core.tables.check()
    return done


def test_a_lot_that_ran_out_is_written_to_the_ledger_and_the_cache() -> None:
    """F41: and only once."""
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    assert run(core) == Settling(settled=1, failed=0, more=False)
    assert core.granted() == [("ADJUSTMENT", 100), ("EXPIRY", -100)]
    expired = core.tables.entries(ALICE)[-1]
    assert (expired.actor, expired.at) == ("reconcile", core.clock.time)
    assert core.cache.accounts[ALICE].balance == 0
    core.calls.made.clear()
    assert run(core) == Settling(settled=0, failed=0, more=False)
    assert core.calls.made == ["due"]


def test_each_account_has_the_caches_time_for_itself() -> None:
    """A run has hundreds, and a cache that may take as long as one request takes would be told of the first few."""
    core = Core()
    given_credits(core, ALICE)
    given_credits(core, BOB)
    core.clock.time = NOW + DAY + MINUTE
    shown: list[int] = []
    settle_due(
        core.clock.time + MINUTE,
        core.due,
        core.use,
        lambda: shown.append(sum(state.balance for state in core.cache.accounts.values())),
    )
    assert shown == [200, 100], "before each of the two"


def test_the_cache_hears_of_nothing_that_is_not_written_yet() -> None:
    """F22: a value that was told and then not written would keep out what another writes under the same version."""
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    cached: list[int] = []
    core.calls.before("write", lambda: cached.append(core.cache.accounts[ALICE].balance))
    run(core)
    assert (cached, core.cache.accounts[ALICE].balance) == ([100], 0)


def test_nothing_is_settled_in_the_first_minute() -> None:
    """So that an event of Stripe which says the same, or better, comes first."""
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE - timedelta(seconds=1)
    assert run(core).settled == 0


def test_a_reservation_that_lapsed_is_taken_off_the_account() -> None:
    core = Core()
    given_credits(core, days=30)
    reserve_credits(ALICE, 60, 600, None, "key-1", "service", core.use)
    core.clock.time = NOW + timedelta(minutes=11)
    assert run(core).settled == 1
    assert (core.account().reservations, [lot.held for lot in core.account().lots]) == ((), [0])
    assert core.granted() == [("ADJUSTMENT", 100)]


def test_access_that_ended_has_its_line_in_the_trail() -> None:
    """Without a look at Stripe: what the account knows says so."""
    core = Core()
    level = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW - 29 * DAY, 30)
    core.tables.accounts[ALICE] = Account(ALICE, levels=(level,), access=Span("PRO", NOW + DAY), version=1)
    core.clock.time = NOW + DAY + MINUTE
    assert run(core).settled == 1
    (entry,) = core.tables.entries(ALICE)
    assert (entry.kind, entry.amount, entry.reason) == ("ACCESS", 0, "PRO until 2026-11-22T10:00:00Z to FREE")
    assert core.account().access == Span("FREE", None)
    assert (core.cache.accounts[ALICE].level, core.account().stripe_version) == ("FREE", 0)


def test_all_that_was_due_is_one_write() -> None:
    core = Core()
    given_credits(core)
    given_credits(core, days=2)
    reserve_credits(ALICE, 150, 3600, None, "key-1", "service", core.use)
    core.clock.time = NOW + 3 * DAY
    core.calls.made.clear()
    run(core)
    assert core.calls.made == ["due", "find", "write"]
    assert core.account().balance == 0


@pytest.mark.parametrize("error", [StoreUnavailable("down"), MalformedObject("no account")], ids=["down", "malformed"])
def test_an_account_that_cannot_be_settled_does_not_stand_in_the_way(error: BillingError) -> None:
    core = Core()
    for user in (ALICE, BOB):
        given_credits(core, user)
    core.clock.time = NOW + DAY + MINUTE

    def once() -> None:
        core.calls.broken.pop("find", None)

    core.calls.broken["find"] = error
    core.calls.before("find", lambda: None, once)
    assert run(core) == Settling(settled=1, failed=1, more=False)
    assert (core.account().balance, core.account(BOB).balance) == (100, 0)
    assert run(core) == Settling(settled=1, failed=0, more=False)


def test_all_that_was_settled_or_could_not_be_is_counted() -> None:
    core = Core()
    for number in range(2):
        given_credits(core, UserId(f"user-{number}"))
    core.clock.time = NOW + DAY + MINUTE
    core.calls.broken["find"] = StoreUnavailable("DynamoDB is down")
    assert run(core) == Settling(settled=0, failed=2, more=False)
    assert (core.metrics.counts["AccountsSettled"], core.metrics.counts["AccountsNotSettled"]) == (0, 2)
    del core.calls.broken["find"]
    run(core)
    assert (core.metrics.counts["AccountsSettled"], core.metrics.counts["AccountsNotSettled"]) == (2, 2)


@pytest.mark.parametrize("failing", [0, 1])
def test_it_stops_after_five_hundred_accounts_also_when_some_fail(failing: int) -> None:
    core = Core()
    ended = Lot(PurchaseKey("cs_1"), 0, 100, NOW, NOW + DAY)
    for number in range(501):
        user = UserId(f"user-{number:03d}")
        core.tables.accounts[user] = Account(user, lots=(ended,), balance=100, version=1)
    core.clock.time = NOW + DAY + MINUTE
    if failing:
        core.calls.broken["find"] = StoreUnavailable("DynamoDB is down")
        core.calls.before("find", lambda: None, lambda: core.calls.broken.pop("find"))
    done = settle_due(core.clock.time + MINUTE, core.due, core.use)
    assert done == Settling(settled=500 - failing, failed=failing, more=True)


def test_nothing_is_begun_at_the_deadline() -> None:
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    assert run(core, minutes=0) == Settling(settled=0, failed=0, more=True)


def test_it_stops_at_its_deadline_and_goes_on_the_next_time() -> None:
    core = Core()
    for number in range(3):
        given_credits(core, UserId(f"user-{number}"))
    core.clock.time = NOW + DAY + MINUTE
    core.calls.after("write", lambda: setattr(core.clock, "time", core.clock.time + 6 * MINUTE))
    assert run(core) == Settling(settled=1, failed=0, more=True)
    assert run(core) == Settling(settled=2, failed=0, more=False)


def test_another_writer_is_given_way_to() -> None:
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    core.tables.conflicts = 2
    assert run(core).settled == 1
    given_credits(core, days=5)
    core.clock.time = NOW + 6 * DAY
    core.tables.conflicts = 5
    assert run(core) == Settling(settled=0, failed=0, more=False)
    assert run(core).settled == 1


def test_one_that_the_index_names_in_vain_is_left_alone() -> None:
    """It is eventually consistent."""
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    core.calls.after("due", lambda: core.tables.accounts.pop(ALICE))
    core.tables.ledger.clear()
    assert run(core) == Settling(settled=0, failed=0, more=False)


def test_one_that_somebody_has_settled_meanwhile_is_left_alone() -> None:
    core = Core()
    given_credits(core)
    core.clock.time = NOW + DAY + MINUTE
    core.calls.after("due", lambda: run(core))
    assert run(core) == Settling(settled=0, failed=0, more=False)
    assert core.granted() == [("ADJUSTMENT", 100), ("EXPIRY", -100)]


@pytest.mark.parametrize("left", [Lot(PurchaseKey("cs_1"), 0, 100, NOW)])
def test_what_does_not_end_is_never_due(left: Lot) -> None:
    core = Core()
    core.tables.accounts[ALICE] = replace(Account(ALICE), lots=(left,), balance=100, version=1)
    core.clock.time = NOW + 10_000 * DAY
    assert list(core.due.due(core.clock.time)) == []
