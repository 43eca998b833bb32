"""What is kept of a request for credits, by which a retry is known, and what is told of it (money rule 20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.credits import Share
from billing.domain.ids import PurchaseKey, UserId
from billing.domain.ledger import Entry, Kind
from billing.domain.receipt import Remembered, fingerprint_of
from billing.errors import (
    AlreadyReversed,
    Contention,
    IdempotencyConflict,
    InsufficientCredits,
    TransactionNotFound,
)
from billing.services.adjust_credits import MOST, adjust_credits
from billing.services.perform_once import Performed
from billing.services.reserve_credits import capture_reservation, new_id, release_reservation, reserve_credits
from billing.services.spend_credits import reverse_spend, spend_credits
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, BOB, DAY, NOW

SOON = NOW + DAY
CAROL = UserId("carol")


@pytest.fixture
def core() -> Core:
    core = Core()
    adjust_credits(ALICE, 500, "welcome", "ada", "start", None, core.use)
    return core


def reserved(core: Core) -> str:
    made = reserve_credits(ALICE, 60, 600, "job-1", "held", "service", core.use).receipt.reservation
    assert made is not None
    return made.id


def spent(core: Core) -> str:
    entry = spend_credits(ALICE, 10, "a picture", "job-1", "spent", "service", core.use).receipt.entry
    assert entry is not None
    return entry.key


def adjusted(core: Core, made: str) -> Performed:
    return adjust_credits(ALICE, 20, "sorry", "ada", "key", SOON, core.use)


def spending(core: Core, made: str) -> Performed:
    return spend_credits(ALICE, 20, "a picture", "job-2", "key", "service", core.use)


def reserving(core: Core, made: str) -> Performed:
    return reserve_credits(ALICE, 20, 60, "job-2", "key", "service", core.use)


def captured(core: Core, made: str) -> Performed:
    return capture_reservation(ALICE, made, 30, "a picture", "key", "service", core.use)


def released(core: Core, made: str) -> Performed:
    return release_reservation(ALICE, made, "key", "service", core.use)


def reversed_(core: Core, made: str) -> Performed:
    return reverse_spend(ALICE, made, "it failed", "key", "service", core.use)


@pytest.mark.parametrize(
    ("first", "doing", "operation", "asked"),
    [
        (spent, adjusted, "adjust", {"amount": 20, "reason": "sorry", "expires_at": "2026-11-22T10:00:00+00:00"}),
        (spent, spending, "spend", {"amount": 20, "reason": "a picture", "reference": "job-2"}),
        (spent, reserving, "reserve", {"amount": 20, "seconds": 60, "reference": "job-2"}),
        (reserved, captured, "capture", {"reservation": "made", "amount": 30, "reason": "a picture"}),
        (reserved, released, "release", {"reservation": "made"}),
        (spent, reversed_, "reverse", {"transaction": "made", "reason": "it failed"}),
    ],
)
def test_a_key_is_kept_with_all_that_was_asked_for_as_it_is_written_down_for_good(
    core: Core,
    first: Callable[[Core], str],
    doing: Callable[[Core, str], Performed],
    operation: str,
    asked: dict[str, object],
) -> None:
    """A retry may come thirty days later, after a deployment: it must find the fingerprint that was stored."""
    made = first(core)
    done = doing(core, made)
    wanted = {name: made if value == "made" else value for name, value in asked.items()}
    assert core.tables.requests[ALICE, "key"] == Remembered(
        ALICE, "key", fingerprint_of(operation, wanted), done.receipt, NOW, lasting=operation == "adjust"
    )


def test_the_callers_own_reference_is_kept(core: Core) -> None:
    spent(core)
    reserved(core)
    assert core.tables.entries(ALICE)[-1].reference == "job-1"
    assert [made.reference for made in core.account().reservations] == ["job-1"]


@pytest.mark.parametrize("transaction", ["nothing", "000000000009#000"])
def test_what_is_no_transaction_is_refused_with_its_user_and_not_asked_for(core: Core, transaction: str) -> None:
    with pytest.raises(TransactionNotFound) as refused:
        reverse_spend(ALICE, transaction, "it failed", "key", "service", core.use)
    assert refused.value.ids == {"user_id": ALICE}
    assert core.calls.count("entry") == (transaction != "nothing")


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SPEND])
def test_what_took_credits_and_is_no_spend_is_not_undone_as_one(core: Core, kind: Kind) -> None:
    """Else a service gives back what a refund took, or what had run out; by hand is taken and given by an operator."""
    shares = (Share(PurchaseKey("cs_1"), 0, 10),)
    entry = Entry(ALICE, 9, 0, kind, -10, 0, None, None, "somebody", "taken", NOW, lots=shares)
    core.tables.ledger[ALICE, entry.key] = entry
    with pytest.raises(TransactionNotFound):
        reverse_spend(ALICE, entry.key, "it failed", "key", "service", core.use)


def test_a_key_that_stands_for_something_else_is_refused_with_its_user(core: Core) -> None:
    with pytest.raises(IdempotencyConflict) as refused:
        spend_credits(ALICE, 1, "a picture", None, "start", "service", core.use)
    assert refused.value.ids == {"user_id": ALICE}


def test_of_two_requests_under_one_key_at_once_both_answer_what_was_written(core: Core) -> None:
    """Money rule 20: with an entry in between, so that the second would have come to something else."""

    def faster() -> None:
        adjust_credits(ALICE, 5, "sorry", "ada", "between", None, core.use)
        spent(core)

    core.calls.before("write", faster)
    done = spend_credits(ALICE, 10, "a picture", "job-1", "spent", "service", core.use)
    assert (done.replayed, done.receipt.entry) == (True, core.tables.entries(ALICE)[-1])


def test_of_two_other_requests_under_one_key_at_once_the_second_is_refused(core: Core) -> None:
    core.calls.before("write", lambda: spending(core, ""))
    with pytest.raises(IdempotencyConflict):
        reserving(core, "")


@pytest.mark.parametrize("user", [ALICE, BOB])
@pytest.mark.parametrize("key", ["grant-1", "grant-2"])
def test_what_a_request_makes_is_named_by_its_user_its_key_and_the_version(core: Core, user: UserId, key: str) -> None:
    adjust_credits(user, 20, "sorry", "ada", key, None, core.use)
    version = core.account(user).version
    assert core.account(user).lots[-1].purchase == f"adj_{new_id(user, key, version - 1)}"
    made = reserve_credits(user, 1, 60, None, f"{key}-held", "service", core.use).receipt.reservation
    assert made is not None
    assert made.id == f"rsv_{new_id(user, f'{key}-held', version)}"
    others = (new_id(user, key, version - 1), new_id(user, f"{key}-held", version), new_id(CAROL, key, version))
    assert new_id(user, key, version) not in others, "a restored table counts the same versions once more"


def test_what_has_expired_is_written_by_whoever_comes_next(core: Core) -> None:
    """Also by a request that writes no entry of its own."""
    adjust_credits(ALICE, 5, "for a day", "ada", "one", SOON, core.use)
    adjust_credits(ALICE, 5, "for two days", "ada", "two", SOON + DAY, core.use)
    core.clock.time = SOON
    made = reserved(core)
    core.clock.time = SOON + timedelta(minutes=1)
    adjust_credits(ALICE, 5, "for a minute", "ada", "three", core.clock.time + timedelta(minutes=1), core.use)
    core.clock.time += timedelta(minutes=1)
    release_reservation(ALICE, made, "key", "helper", core.use)
    expiries = [entry for entry in core.tables.entries(ALICE) if entry.kind is Kind.EXPIRY]
    assert [(entry.actor, entry.at) for entry in expiries] == [("service", SOON), ("helper", core.clock.time)]


def test_what_expires_after_a_while_is_known_again_later(core: Core) -> None:
    """F58: it was asked for as a length of time, whose end is another a moment later."""
    given = []
    for later in (timedelta(0), timedelta(seconds=1), 9 * DAY):
        core.clock.time += later
        given.append(adjust_credits(BOB, 5, "sorry", "ada", "key", DAY, core.use).replayed)
    assert given == [False, True, True]
    assert [lot.expires_at for lot in core.account(BOB).lots] == [SOON]
    for other in (2 * DAY, SOON, None):
        with pytest.raises(IdempotencyConflict):
            adjust_credits(BOB, 5, "sorry", "ada", "key", other, core.use)


def test_the_cache_learns_of_what_is_set_aside(core: Core) -> None:
    reserved(core)
    assert core.cache.accounts[ALICE].version == core.account().version


def test_a_release_leaves_no_entry(core: Core) -> None:
    """What was set aside was never spent."""
    made, entries = reserved(core), core.granted()
    release_reservation(ALICE, made, "key", "service", core.use)
    assert core.granted() == entries


def test_the_most_that_can_be_given_at_once(core: Core) -> None:
    assert adjust_credits(ALICE, MOST, "a sponsor", "ada", "most", None, core.use).receipt.credits.balance == MOST + 500
    assert adjust_credits(ALICE, -MOST, "a slip", "ada", "least", None, core.use).receipt.credits.balance == 500


def test_a_spend_that_was_undone_is_named_when_it_is_asked_for_again(core: Core) -> None:
    name = spent(core)
    reversed_(core, name)
    with pytest.raises(AlreadyReversed) as refused:
        reverse_spend(ALICE, name, "it failed", "another", "service", core.use)
    assert refused.value.ids == {"reason": name}


def test_a_spend_that_was_undone_is_named_also_behind_another_writer(core: Core) -> None:
    name = spent(core)
    reversed_(core, name)
    core.tables.conflicts = 1
    core.calls.before("write", lambda: None, lambda: setattr(core.clock, "time", NOW + timedelta(seconds=8)))
    with pytest.raises(AlreadyReversed):
        reverse_spend(ALICE, name, "it failed", "another", "service", core.use)


def test_a_spend_of_several_lots_that_all_left_the_account_is_undone_whole(core: Core) -> None:
    """Money rule 17."""
    adjust_credits(ALICE, 100, "more", "ada", "more", None, core.use)
    entry = spend_credits(ALICE, 600, "a film", None, "film", "service", core.use).receipt.entry
    assert entry is not None
    assert len(entry.lots) == 2
    account = core.account()
    core.tables.lots |= {(ALICE, lot.key): lot for lot in account.lots}
    core.tables.accounts[ALICE] = replace(account, lots=())
    reverse_spend(ALICE, entry.key, "it failed", "undo", "service", core.use)
    core.tables.check()
    assert (core.account().balance, sorted(lot.left for lot in core.account().lots)) == (600, [100, 500])


def test_each_try_is_of_its_own_time(core: Core) -> None:
    """What runs out while others are in the way is nobody's to spend any more."""
    adjust_credits(ALICE, 5, "for a moment", "ada", "moment", NOW + timedelta(seconds=2), core.use)
    core.tables.conflicts = 1
    core.calls.before("write", lambda: setattr(core.clock, "time", NOW + timedelta(seconds=2)))
    with pytest.raises(InsufficientCredits):
        spend_credits(ALICE, 505, "a film", None, "film", "service", core.use)


def test_when_its_time_is_over_no_further_try_is_begun(core: Core) -> None:
    core.tables.conflicts = 1
    core.calls.before("write", lambda: setattr(core.clock, "time", NOW + timedelta(seconds=8)))
    with pytest.raises(Contention) as refused:
        spent(core)
    assert refused.value.ids == {"user_id": ALICE}
    assert core.account().balance == 500


def test_tries_and_answers_given_again_are_counted(core: Core) -> None:
    core.metrics.counts.clear()
    core.tables.conflicts = 2
    spent(core)
    assert core.metrics.counts["CreditRetries"] == 2
    spent(core)
    assert core.metrics.counts["CreditReplays"] == 1
