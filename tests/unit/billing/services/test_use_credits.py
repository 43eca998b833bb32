"""Spends, reservations, reversals and adjustments: once for each key, whatever gets in between (money rule 20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account, Credits
from billing.domain.credits import Lot
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import PurchaseKey
from billing.domain.ledger import Entry, Kind
from billing.domain.subscription import Span
from billing.errors import (
    AlreadyReversed,
    Contention,
    IdempotencyConflict,
    InsufficientCredits,
    InvalidRequest,
    ReservationNotFound,
    StoreUnavailable,
    TransactionNotFound,
)
from billing.services.adjust_credits import adjust_credits
from billing.services.perform_once import Performed
from billing.services.reserve_credits import capture_reservation, release_reservation, reserve_credits
from billing.services.spend_credits import reverse_spend, spend_credits
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import ALICE, BOB, CUSTOMER, DAY, NOW
from tests.fakes.world import Crash, raising

LOT = Lot(PurchaseKey("cs_1"), 0, 500, NOW)


@pytest.fixture
def core() -> Core:
    """Alice has 500 credits, as a purchase has left them."""
    core = Core()
    core.has_customer()
    account = replace(core.account(), lots=(LOT,), balance=500, version=2)
    core.tables.accounts[ALICE] = account
    bought = Entry(ALICE, 2, 0, Kind.PURCHASE, 500, 500, "cs_1", None, "test", "1 x 500 credits", NOW)
    core.tables.ledger[ALICE, bought.key] = bought
    core.stripe.customers[CUSTOMER] = (ALICE, None)
    return core


def spend(core: Core, amount: int = 100, key: str = "key-1", **given: str) -> Performed:
    done = spend_credits(ALICE, amount, given.get("reason", "a picture"), "job-1", key, "service", core.use)
    core.tables.check()
    return done


def test_a_spend_writes_account_ledger_and_answer_and_tells_the_cache(core: Core) -> None:
    done = spend(core)
    assert done.receipt.credits == Credits(balance=400, available=400, reserved=0)
    assert done.receipt.entry == core.tables.entries(ALICE)[-1]
    assert (done.replayed, core.account().balance, core.account().version) == (False, 400, 3)
    assert core.cache.accounts[ALICE].balance == 400
    assert core.metrics.counts["CreditsSpent"] == 100
    assert core.calls.made == ["find", "write"]


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(core: Core) -> None:
    """F58: also when the balance has moved since."""
    first = spend(core)
    spend(core, 50, "key-2")
    again = spend(core)
    assert (again.receipt, again.replayed) == (first.receipt, True)
    assert core.account().balance == 350


def test_a_retry_after_a_lost_answer_gets_the_answer(core: Core) -> None:
    """F17, F58: it was written, and nobody heard of it."""
    core.calls.after("write", raising(StoreUnavailable("the answer was lost")))
    with pytest.raises(StoreUnavailable):
        spend(core)
    again = spend(core)
    assert (again.replayed, core.account().balance) == (True, 400)
    assert core.granted() == [("PURCHASE", 500), ("SPEND", -100)]


@pytest.mark.parametrize("call", range(2))
def test_a_spend_whose_process_died_is_done_once(core: Core, call: int) -> None:
    """F58: before and after each of its calls."""
    for crash in ("crash_before", "crash_after"):
        setattr(core.calls, crash, call)
        core.calls.made.clear()
        with pytest.raises(Crash):
            spend(core, key=crash)
        setattr(core.calls, crash, -1)
        spend(core, key=crash)
        spend(core, key=crash)
    assert core.account().balance == 300
    assert core.cache.accounts[ALICE].balance == 300


@pytest.mark.parametrize("other", [{"amount": 99}, {"reason": "another"}])
def test_a_key_stands_for_one_request(core: Core, other: dict[str, object]) -> None:
    """F25: 409, and nothing is done."""
    spend(core)
    with pytest.raises(IdempotencyConflict):
        spend(core, **other)  # type: ignore[arg-type]
    with pytest.raises(IdempotencyConflict):
        reserve_credits(ALICE, 100, 60, "job-1", "key-1", "service", core.use)
    assert core.account().balance == 400


def test_a_key_is_the_users_own(core: Core) -> None:
    adjust_credits(BOB, 500, "welcome", "ada", "grant-1", None, core.use)
    spend(core)
    done = spend_credits(BOB, 100, "a picture", "job-1", "key-1", "service", core.use)
    assert (done.replayed, core.account(BOB).balance, core.account().balance) == (False, 400, 400)


def test_a_refusal_is_not_kept(core: Core) -> None:
    """Nothing was done: with more credits the same request may succeed."""
    with pytest.raises(InsufficientCredits):
        spend(core, 501)
    assert core.tables.requests == {}
    adjust_credits(ALICE, 1, "sorry", "ada", "grant-1", None, core.use)
    assert spend(core, 501).receipt.credits.balance == 0


def test_a_user_who_never_bought_has_nothing_to_spend(core: Core) -> None:
    with pytest.raises(InsufficientCredits) as refused:
        spend_credits(BOB, 1, "a picture", None, "key-1", "service", core.use)
    assert refused.value.public == {"balance": 0, "available": 0}
    assert BOB not in core.tables.accounts


def test_a_spend_that_meets_another_decides_again(core: Core) -> None:
    """F18: no update is lost."""
    core.calls.before("write", lambda: spend(core, 450, "other"))
    with pytest.raises(InsufficientCredits):
        spend(core, 100)
    core.calls.before("write", lambda: spend(core, 30, "third"))
    assert spend(core, 20, "fourth").receipt.credits.balance == 0


def test_the_same_request_twice_at_once_is_done_once(core: Core) -> None:
    """F02 for spends: the second finds the key of the first in its own transaction."""
    core.calls.before("write", lambda: spend(core))
    done = spend(core)
    assert (done.replayed, core.account().balance) == (True, 400)


def test_a_spend_between_costs_a_converge_no_stripe_read(core: Core) -> None:
    """F18: conflict on `version` alone decides again on the same snapshot (money rule 3)."""
    core.calls.before("commit", *(each(core, f"key-{number}") for number in range(5)))
    level = LevelGrant(PurchaseKey("cs_2"), 0, "PRO", NOW, 30)  # which this converge is to find
    core.tables.accounts[ALICE] = replace(core.account(), levels=(level,))
    assert core.deliver(a_notice("customer.updated", related={})) == frozenset()
    assert (core.calls.count("commit"), core.calls.count("snapshot")) == (6, 1)
    assert (core.account().balance, core.account().access) == (450, Span("PRO", NOW + 30 * DAY))


def each(core: Core, key: str) -> Callable[[], object]:
    return lambda: spend(core, 10, key)


def test_a_converge_without_change_between_costs_a_spend_one_more_try(core: Core) -> None:
    bumped = replace(core.account(), stripe_version=1)
    core.calls.before("write", lambda: core.tables.accounts.update({ALICE: bumped}))
    assert spend(core).receipt.credits.balance == 400
    assert core.account().stripe_version == 1


def test_transactions_in_flight_are_waited_for_with_jitter_and_a_budget(core: Core) -> None:
    """F16: and a caller is told in time."""
    core.tables.conflicts = 3
    spend(core)
    assert core.clock.slept == [0.02, 0.04, 0.08]  # half of the longest wait: the fake's chance
    core.tables.conflicts = 1000
    core.clock.slept.clear()
    with pytest.raises(Contention):
        spend(core, key="key-2")
    assert 8 <= sum(core.clock.slept) < 9
    core.tables.conflicts = 0
    assert core.account().balance == 400


def test_redis_down_costs_nothing_but_the_copy(core: Core) -> None:
    """F19."""
    core.cache.down = True
    assert spend(core).receipt.credits.balance == 400


# ------------------------------------------------------------------------------------------------------- reversals


def test_a_spend_is_undone_once(core: Core) -> None:
    spent = spend(core).receipt.entry
    assert spent is not None
    done = reverse_spend(ALICE, spent.key, "it failed", "undo-1", "service", core.use)
    assert done.receipt.credits.balance == 500
    again = reverse_spend(ALICE, spent.key, "it failed", "undo-1", "service", core.use)
    assert (again.receipt, again.replayed) == (done.receipt, True)
    with pytest.raises(AlreadyReversed):
        reverse_spend(ALICE, spent.key, "it failed", "undo-2", "service", core.use)
    core.tables.check()
    assert core.granted() == [("PURCHASE", 500), ("SPEND", -100), ("SPEND_REVERSAL", 100)]


def test_two_who_undo_a_spend_at_once_undo_it_once(core: Core) -> None:
    spent = spend(core).receipt.entry
    assert spent is not None
    core.calls.before("write", lambda: reverse_spend(ALICE, spent.key, "no", "undo-1", "service", core.use))
    with pytest.raises(AlreadyReversed):
        reverse_spend(ALICE, spent.key, "no", "undo-2", "service", core.use)
    assert core.account().balance == 500


@pytest.mark.parametrize("transaction", ["000000000002#000", "000000000009#000", "nothing", "000000000002#0000"])
def test_only_a_spend_of_this_user_is_undone(core: Core, transaction: str) -> None:
    """S07: and a purchase is no spend."""
    spend(core)
    with pytest.raises(TransactionNotFound):
        reverse_spend(ALICE, transaction, "no", "undo-1", "service", core.use)
    with pytest.raises(TransactionNotFound):
        reverse_spend(BOB, "000000000003#000", "no", "undo-1", "service", core.use)


def test_a_spend_is_undone_of_a_lot_that_left_the_account(core: Core) -> None:
    """Money rule 17."""
    spent = spend(core, 500).receipt.entry
    assert spent is not None
    for number in range(12):
        core.clock.time += timedelta(minutes=1)
        adjust_credits(ALICE, 10, "more", "ada", f"grant-{number}", None, core.use)
        spend(core, 10, f"spend-{number}")
    assert LOT.key not in {lot.key for lot in core.account().lots}
    reverse_spend(ALICE, spent.key, "it failed", "undo-1", "service", core.use)
    core.tables.check()
    assert core.account().balance == 500
    assert {lot.key: lot.left for lot in core.account().lots}[LOT.key] == 500


# ---------------------------------------------------------------------------------------------------- reservations


def test_a_reservation_is_captured_once_and_the_rest_goes_back(core: Core) -> None:
    made = reserve_credits(ALICE, 300, 60, "job-1", "key-1", "service", core.use).receipt
    assert made.reservation is not None
    assert made.credits == Credits(balance=500, available=200, reserved=300)
    assert made.reservation.expires_at == NOW + timedelta(seconds=60)
    name = made.reservation.id
    done = capture_reservation(ALICE, name, 120, "spent", "key-2", "service", core.use)
    assert done.receipt.credits == Credits(balance=380, available=380, reserved=0)
    again = capture_reservation(ALICE, name, 120, "spent", "key-2", "service", core.use)
    assert (again.replayed, again.receipt) == (True, done.receipt)
    with pytest.raises(ReservationNotFound):
        capture_reservation(ALICE, name, 120, "spent", "key-3", "service", core.use)
    core.tables.check()


def test_a_reservation_is_released_once(core: Core) -> None:
    made = reserve_credits(ALICE, 300, 60, None, "key-1", "service", core.use).receipt.reservation
    assert made is not None
    done = release_reservation(ALICE, made.id, "key-2", "service", core.use)
    assert (done.receipt.credits.available, done.receipt.reservation) == (500, made)
    assert release_reservation(ALICE, made.id, "key-2", "service", core.use).replayed
    with pytest.raises(ReservationNotFound):
        release_reservation(ALICE, made.id, "key-3", "service", core.use)
    core.tables.check()


def test_a_reservation_is_of_its_user_and_ends_by_itself(core: Core) -> None:
    made = reserve_credits(ALICE, 300, 60, None, "key-1", "service", core.use).receipt.reservation
    assert made is not None
    for user, name in ((BOB, made.id), (ALICE, "rsv_0"), (ALICE, "rsv_" + "0" * 24)):
        with pytest.raises(ReservationNotFound):
            release_reservation(user, name, "key-2", "service", core.use)
    core.clock.time += timedelta(seconds=60)
    with pytest.raises(ReservationNotFound):
        capture_reservation(ALICE, made.id, None, "spent", "key-2", "service", core.use)
    assert spend(core, 500, "key-3").receipt.credits.balance == 0


def test_the_same_key_after_its_time_makes_another_reservation(core: Core) -> None:
    first = reserve_credits(ALICE, 1, 60, None, "key-1", "service", core.use).receipt.reservation
    core.tables.requests.clear()  # as the table forgets it after 30 days
    second = reserve_credits(ALICE, 1, 60, None, "key-1", "service", core.use).receipt.reservation
    assert first is not None
    assert second is not None
    assert first.id != second.id


# ----------------------------------------------------------------------------------------------------- adjustments


def test_an_adjustment_gives_and_takes_and_says_who_and_why(core: Core) -> None:
    """S29."""
    adjust_credits(ALICE, 20, "sorry", "ada", "grant-1", NOW + DAY, core.use)
    adjust_credits(ALICE, -50, "misuse", "grace", "grant-2", None, core.use)
    core.tables.check()
    assert [(entry.amount, entry.actor, entry.reason) for entry in core.tables.entries(ALICE)[1:]] == [
        (20, "ada", "sorry"),
        (-50, "grace", "misuse"),
    ]


def test_a_second_run_of_an_old_file_changes_nothing(core: Core) -> None:
    first = adjust_credits(BOB, 20, "welcome", "ada", "file-1:bob", NOW + DAY, core.use)
    core.clock.time += 400 * DAY
    again = adjust_credits(BOB, 20, "welcome", "ada", "file-1:bob", NOW + DAY, core.use)
    assert (again.replayed, again.receipt) == (True, first.receipt)
    assert core.granted(BOB) == [("ADJUSTMENT", 20)]
    assert core.tables.requests[BOB, "file-1:bob"].lasting


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": 1_000_000_001},
        {"amount": -1_000_000_001},
        {"user": "a b"},
        {"reason": " "},
        {"actor": ""},
        {"key": ""},
        {"key": "é"},
        {"expires": NOW},
        {"amount": -1, "expires": NOW + DAY},
    ],
)
def test_an_adjustment_that_makes_no_sense_is_refused(core: Core, wrong: dict[str, object]) -> None:
    """S29: above all one without who does it, or why."""
    right: dict[str, object] = {
        "user": ALICE,
        "amount": 1,
        "reason": "sorry",
        "actor": "ada",
        "key": "grant-1",
        "expires": None,
    }
    with pytest.raises(InvalidRequest):
        adjust_credits(**{**right, **wrong}, deps=core.use)  # type: ignore[arg-type]
    assert core.tables.requests == {}


def test_who_has_no_account_yet_gets_one_with_the_first_credits(core: Core) -> None:
    adjust_credits(BOB, 20, "welcome", "ada", "grant-1", None, core.use)
    assert core.account(BOB) == Account(BOB, lots=core.account(BOB).lots, balance=20, version=1)
