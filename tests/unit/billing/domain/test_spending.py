"""Spends, reservations, adjustments and spends undone, one by one (money rules 16, 17 and 20)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account, Credits, credits_at, due_at
from billing.domain.credits import Lot, Reservation, Share, balance_of
from billing.domain.ids import PurchaseKey, ReservationId
from billing.domain.ledger import Cause, Kind
from billing.domain.spending import (
    MOST_RESERVATIONS,
    Act,
    Holdings,
    capture,
    grant,
    release,
    reserve,
    spend,
    take,
    undo_spend,
)
from billing.domain.subscription import Span
from billing.errors import (
    InsufficientCredits,
    InvalidRequest,
    MalformedObject,
    ReservationNotFound,
    TooManyReservations,
)
from tests.fakes.snapshots import ALICE, DAY, NOW

SERVICE = Cause("service")
SOON_ENDS = NOW + 10 * DAY
SOON = Lot(PurchaseKey("cs_soon"), 0, 100, NOW, SOON_ENDS)
LATER = Lot(PurchaseKey("cs_later"), 0, 100, NOW, NOW + 20 * DAY)
FOREVER = Lot(PurchaseKey("cs_forever"), 0, 100, NOW)
RESERVATION = ReservationId("rsv_1")


def account(*lots: Lot) -> Account:
    return Account(ALICE, lots=lots, balance=balance_of(lots), version=7, stripe_version=3)


def spent(at: Account, amount: int, now=NOW) -> Act:
    return spend(Holdings(at), amount, "a picture", "job-1", now, SERVICE)


def reserved(at: Account, amount: int, now=NOW, minutes: int = 10) -> Act:
    return reserve(Holdings(at), RESERVATION, amount, now + timedelta(minutes=minutes), "job-1", now, SERVICE)


def lots_of(act: Act) -> dict[str, Lot]:
    return {lot.purchase: lot for lot in act.account.lots}


def test_a_spend_takes_what_expires_first_and_says_from_where():
    act = spent(account(FOREVER, LATER, SOON), 150)
    assert act.entry is not None
    assert (act.entry.kind, act.entry.amount, act.entry.balance_after) == (Kind.SPEND, -150, 150)
    assert (act.entry.actor, act.entry.reason, act.entry.reference) == ("service", "a picture", "job-1")
    assert (act.entry.stripe_object, act.entry.event) == (None, None)
    assert act.entry.lots == (Share(SOON.purchase, 0, 100), Share(LATER.purchase, 0, 50))
    assert {name: lot.left for name, lot in lots_of(act).items()} == {"cs_soon": 0, "cs_later": 50, "cs_forever": 100}
    assert (act.account.balance, act.credits.available) == (150, 150)


def test_a_spend_counts_in_the_version_alone():
    """F18: a converge under way keeps its snapshot."""
    act = spent(account(FOREVER), 1)
    assert (act.account.version, act.account.stripe_version) == (8, 3)


def test_no_more_than_is_available_is_spent():
    with pytest.raises(InsufficientCredits) as refused:
        spent(account(SOON, FOREVER), 201)
    assert refused.value.public == {"balance": 200, "available": 200}


def test_a_debt_blocks_and_new_credits_cover_it_first():
    """F41: the refund of what was spent."""
    debt = replace(FOREVER, used=100, reversed=100)
    with pytest.raises(InsufficientCredits) as refused:
        spent(account(debt), 1)
    assert refused.value.public == {"balance": -100, "available": 0}
    covered = account(debt, replace(LATER, granted=130))
    assert spent(covered, 30).account.balance == 0
    with pytest.raises(InsufficientCredits):
        spent(covered, 31)


def test_nothing_is_taken_from_a_lot_that_has_run_out():
    act = spent(account(SOON, FOREVER), 60, NOW + 10 * DAY)
    assert [(entry.kind, entry.amount, entry.index) for entry in act.entries] == [
        (Kind.EXPIRY, -100, 0),
        (Kind.SPEND, -60, 1),
    ]
    assert act.entry == act.entries[1]
    assert act.account.balance == 40
    with pytest.raises(InsufficientCredits):
        spent(account(SOON, FOREVER), 101, NOW + 10 * DAY)


def test_what_is_reserved_is_in_the_balance_and_nobody_elses_to_spend():
    act = reserved(account(SOON, FOREVER), 120)
    assert act.entries == ()
    shares = (Share(SOON.purchase, 0, 100), Share(FOREVER.purchase, 0, 20))
    assert act.reservation == Reservation(RESERVATION, 120, NOW, NOW + timedelta(minutes=10), shares, "job-1")
    assert act.account.reservations == (act.reservation,)
    assert (act.account.balance, act.credits.available) == (200, 80)
    assert credits_at(act.account, NOW) == Credits(balance=200, available=80, reserved=120)
    with pytest.raises(InsufficientCredits):
        spent(act.account, 81)
    assert spent(act.account, 80).credits.available == 0


def test_a_reservation_lapses_by_itself_at_its_very_second():
    act = reserved(account(SOON), 100)
    end = NOW + timedelta(minutes=10)
    assert credits_at(act.account, end - timedelta(seconds=1)).available == 0
    assert credits_at(act.account, end) == Credits(balance=100, available=100, reserved=0)
    with pytest.raises(ReservationNotFound):
        capture(Holdings(act.account), RESERVATION, None, "captured", end, SERVICE)
    later = spent(act.account, 100, end)
    assert (later.account.balance, later.account.reservations) == (0, ())


def test_a_capture_spends_a_part_and_the_rest_goes_back():
    held = reserved(account(SOON, FOREVER), 120).account
    act = capture(Holdings(held), RESERVATION, 110, "captured", NOW, SERVICE)
    assert act.entry is not None
    assert (act.entry.kind, act.entry.amount, act.entry.reference) == (Kind.SPEND, -110, "rsv_1")
    assert held.reservations == (act.reservation,)
    assert act.entry.lots == (Share(SOON.purchase, 0, 100), Share(FOREVER.purchase, 0, 10))
    assert (act.account.balance, act.credits.available, act.account.reservations) == (90, 90, ())
    assert all(lot.held == 0 for lot in act.account.lots)
    with pytest.raises(ReservationNotFound):
        capture(Holdings(act.account), RESERVATION, 1, "captured", NOW, SERVICE)


def test_a_capture_that_the_first_lot_covers_leaves_the_others_alone():
    held = reserved(account(SOON, FOREVER), 120).account
    act = capture(Holdings(held), RESERVATION, 60, "captured", NOW, SERVICE)
    assert act.entry is not None
    assert act.entry.lots == (Share(SOON.purchase, 0, 60),)
    assert {name: lot.used for name, lot in lots_of(act).items()} == {SOON.purchase: 60, FOREVER.purchase: 0}


def test_a_capture_takes_no_more_than_was_reserved():
    held = reserved(account(FOREVER), 50).account
    with pytest.raises(InvalidRequest):
        capture(Holdings(held), RESERVATION, 51, "captured", NOW, SERVICE)
    assert capture(Holdings(held), RESERVATION, None, "captured", NOW, SERVICE).account.balance == 50


def test_a_release_gives_all_back_and_writes_no_entry():
    held = reserved(account(FOREVER), 50).account
    act = release(Holdings(held), RESERVATION, NOW, SERVICE)
    assert (act.entries, act.credits.available, act.account.reservations) == ((), 100, ())
    assert held.reservations == (act.reservation,)
    with pytest.raises(ReservationNotFound) as refused:
        release(Holdings(act.account), RESERVATION, NOW, SERVICE)
    assert refused.value.ids == {"reservation": RESERVATION}


def test_a_release_leaves_other_reservations_of_the_same_reference_alone():
    both = reserved(reserved(account(SOON), 10).account, 20).account
    one, two = both.reservations
    both = replace(both, reservations=(one, replace(two, id=ReservationId("rsv_2"))))
    assert release(Holdings(both), RESERVATION, NOW, SERVICE).account.reservations == both.reservations[1:]


def test_what_a_release_gives_back_to_a_lot_that_has_run_out_expires():
    held = reserved(account(SOON), 50, SOON_ENDS - timedelta(minutes=1)).account
    act = release(Holdings(held), RESERVATION, SOON_ENDS, SERVICE)
    assert [(entry.kind, entry.amount, entry.actor, entry.at) for entry in act.entries] == [
        (Kind.EXPIRY, -50, "service", SOON_ENDS),
        (Kind.EXPIRY, -50, "service", SOON_ENDS),
    ]


def test_what_is_reserved_does_not_run_out_before_its_reservation_does():
    held = reserved(account(SOON), 60, SOON_ENDS - timedelta(minutes=1)).account
    past = SOON_ENDS + timedelta(minutes=1)
    assert credits_at(held, past) == Credits(balance=60, available=0, reserved=60)
    captured = capture(Holdings(held), RESERVATION, 45, "captured", past, SERVICE)
    assert [(entry.kind, entry.amount) for entry in captured.entries] == [
        (Kind.EXPIRY, -40),
        (Kind.SPEND, -45),
        (Kind.EXPIRY, -15),
    ]
    assert captured.entry == captured.entries[1]
    assert captured.account.balance == 0
    lapsed = credits_at(held, past + timedelta(hours=1))
    assert lapsed == Credits(balance=0, available=0, reserved=0)


def test_a_refund_of_reserved_credits_is_as_if_they_were_spent():
    held = reserved(account(FOREVER), 80).account
    refunded = replace(held, lots=tuple(replace(lot, reversed=100) for lot in held.lots), balance=0)
    act = capture(Holdings(refunded), RESERVATION, 80, "captured", NOW, SERVICE)
    assert (act.account.balance, act.credits.available) == (-80, 0)


def test_a_user_has_only_so_many_open_reservations():
    lot = replace(FOREVER, granted=1000)
    act = reserved(account(lot), 1)
    full = replace(act.account, reservations=act.account.reservations * MOST_RESERVATIONS)
    with pytest.raises(TooManyReservations):
        reserved(full, 1)
    assert reserved(full, 1, NOW + timedelta(minutes=10)).account.reservations[1:] == ()  # those have lapsed


def test_a_spend_undone_returns_to_the_lots_that_it_came_from():
    act = spent(account(SOON, FOREVER), 150)
    assert act.entry is not None
    back = undo_spend(Holdings(act.account), act.entry, "refunded", NOW, SERVICE)
    assert back.entry is not None
    assert (back.entry.kind, back.entry.amount, back.entry.reference) == (Kind.SPEND_REVERSAL, 150, act.entry.key)
    assert [lot.used for lot in back.account.lots] == [0, 0]
    assert back.account.balance == 200


def test_what_returns_to_a_lot_that_has_run_out_expires():
    """F56: as if it had never been spent."""
    act = spent(account(SOON, FOREVER), 150)
    assert act.entry is not None
    back = undo_spend(Holdings(act.account), act.entry, "refunded", NOW + 11 * DAY, SERVICE)
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in back.entries] == [
        (Kind.SPEND_REVERSAL, 150, 200),
        (Kind.EXPIRY, -100, 100),
    ]


def test_a_spend_undone_needs_every_lot_that_it_came_from():
    act = spent(account(SOON, FOREVER), 150)
    assert act.entry is not None
    with pytest.raises(MalformedObject) as refused:
        undo_spend(Holdings(account(FOREVER)), act.entry, "refunded", NOW, SERVICE)
    assert refused.value.ids == {"purchase": SOON.purchase}


def test_an_adjustment_gives_a_lot_of_its_own():
    act = grant(Holdings(account(FOREVER)), PurchaseKey("adj_1"), 25, NOW + DAY, "sorry", NOW, Cause("ada"))
    assert act.entry is not None
    assert (act.entry.kind, act.entry.amount, act.entry.actor, act.entry.reason) == (
        Kind.ADJUSTMENT,
        25,
        "ada",
        "sorry",
    )
    assert lots_of(act)["adj_1"] == Lot(PurchaseKey("adj_1"), 0, 25, NOW, NOW + DAY)
    ended = spent(act.account, 1, NOW + DAY)
    assert [(entry.kind, entry.stripe_object) for entry in ended.entries] == [(Kind.EXPIRY, None), (Kind.SPEND, None)]


def test_an_adjustment_takes_as_a_spend_does():
    act = take(Holdings(account(SOON, FOREVER)), 110, "misuse", NOW, Cause("ada"))
    assert act.entry is not None
    assert (act.entry.kind, act.entry.amount) == (Kind.ADJUSTMENT, -110)
    assert [lot.used for lot in act.account.lots] == [100, 10]
    with pytest.raises(InsufficientCredits):
        take(Holdings(account(SOON)), 101, "misuse", NOW, Cause("ada"))


# ---------------------------------------------------------------------------------------- lots that leave the account


def many(count: int) -> tuple[Lot, ...]:
    return tuple(replace(FOREVER, purchase=PurchaseKey(f"cs_{n:03d}"), granted_at=NOW - n * DAY) for n in range(count))


def test_the_newest_finished_lots_stay_and_older_ones_move_out():
    act = spent(account(*many(18)), 1_750)
    assert [lot.purchase for lot in act.moved] == [f"cs_{n:03d}" for n in range(17, 8, -1)]
    assert len(act.account.lots) == 9
    assert act.account.balance == balance_of(act.account.lots) == 50


def test_only_so_many_leave_at_once_and_the_rest_with_the_next_write():
    """A transaction holds a hundred items at most (money rule 5)."""
    first = spent(account(*many(28)), 2_790)
    second = spent(first.account, 1)
    assert (len(first.moved), len(second.moved)) == (10, 9)
    assert len(second.account.lots) == 9


def test_a_lot_that_left_comes_back_when_its_spend_is_undone():
    first = spent(account(*many(20)), 100)  # takes the oldest
    assert first.entry is not None
    second = spent(first.account, 1_890)
    gone = {lot.key: lot for lot in second.moved}
    assert first.entry.lots[0].key in gone
    back = undo_spend(Holdings(second.account, gone), first.entry, "refunded", NOW, SERVICE)
    assert back.account.balance == balance_of(back.account.lots) == 110
    assert lots_of(back)["cs_019"].left == 100


def test_expiries_of_one_moment_that_are_too_many_share_an_entry():
    lots = tuple(replace(lot, expires_at=NOW + DAY) for lot in many(30))
    act = spent(account(*lots, FOREVER), 1, NOW + DAY)
    expiry, _ = act.entries
    assert (expiry.kind, expiry.amount, expiry.reason) == (Kind.EXPIRY, -3000, "credits of 30 grants expired")
    assert len(expiry.lots) == 30


# ------------------------------------------------------------------------------------------------------ what is due


@pytest.mark.parametrize(
    ("given", "due"),
    [
        pytest.param(account(FOREVER), None, id="nothing ends"),
        pytest.param(account(LATER, SOON), SOON.expires_at, id="the first lot"),
        pytest.param(account(replace(SOON, used=100), LATER), LATER.expires_at, id="not a lot that is used up"),
        pytest.param(account(replace(SOON, held=100), LATER), LATER.expires_at, id="not a lot that is held whole"),
        pytest.param(account(replace(SOON, used=99)), SOON.expires_at, id="a lot of one credit"),
        pytest.param(reserved(account(SOON), 10).account, NOW + timedelta(minutes=10), id="a reservation"),
        pytest.param(
            reserved(reserved(account(SOON), 10, minutes=30).account, 10).account,
            NOW + timedelta(minutes=10),
            id="the first reservation to lapse",
        ),
        pytest.param(replace(account(SOON), access=Span("PRO", NOW + DAY)), NOW + DAY, id="the access"),
        pytest.param(replace(account(FOREVER), access=Span("PRO", None)), None, id="access without an end"),
    ],
)
def test_what_next_ends_by_itself(given: Account, due: object):
    assert due_at(given) == due


def test_once_settled_nothing_is_due_at_that_moment():
    held = replace(reserved(account(SOON), 10).account, version=8)
    assert due_at(spent(replace(held, lots=(*held.lots, FOREVER)), 1, NOW + 30 * DAY).account) is None


def test_a_lot_that_has_expired_stays_so_for_a_clock_that_is_behind():
    expired = SOON.settled_at(NOW + 10 * DAY)
    assert expired.settled_at(NOW + 10 * DAY - timedelta(seconds=1)) == expired
