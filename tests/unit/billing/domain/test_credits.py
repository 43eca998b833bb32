"""Lots: targets that commute, rounding once, and what is left at a moment (money rules 16 to 18)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.account import Account, Credits, credits_at
from billing.domain.credits import Lot, Share, balance_of, ordered_lots, reverse_lots, shares_of
from billing.domain.ids import PurchaseKey
from tests.fakes.snapshots import ALICE, DAY, NOW

LOT = Lot(PurchaseKey("cs_1"), 0, 500, NOW)
ENDING = replace(LOT, expires_at=NOW + 90 * DAY)
SECOND = timedelta(seconds=1)


def test_what_is_left_may_be_negative():
    assert LOT.left == 500
    assert replace(LOT, used=400, reversed=300).left == -200


def test_what_is_held_is_left_and_not_free():
    held = replace(LOT, used=100, held=150)
    assert (held.left, held.free) == (400, 250)


def test_what_is_held_is_passed_over_by_a_spend():
    second = replace(LOT, purchase=PurchaseKey("cs_2"))
    shares = (Share(LOT.purchase, 0, 350), Share(second.purchase, 0, 50))
    assert shares_of([replace(LOT, held=150), second], 400) == shares


@pytest.mark.parametrize(
    ("change", "finished"),
    [
        ({}, False),
        ({"used": 500}, True),
        ({"used": 500, "held": 1}, False),
        ({"used": 499}, False),
        ({"used": 501}, False),
    ],
)
def test_a_lot_is_finished_when_nothing_is_left_or_held(change, finished):
    assert replace(LOT, **change).finished == finished


def test_a_lot_comes_from_its_session_or_invoice_and_an_adjustment_from_nothing_of_stripe():
    assert LOT.source == "cs_1"
    assert replace(LOT, purchase=PurchaseKey("in_1#il_1")).source == "in_1"
    assert replace(LOT, purchase=PurchaseKey("adj_1")).source is None


def test_what_has_expired_once_stays_so_for_a_clock_that_is_behind():
    over = replace(ENDING, used=499).settled_at(NOW + 90 * DAY)
    assert over.expired == 1
    assert over.settled_at(NOW) == over


def test_what_is_held_does_not_expire():
    assert replace(ENDING, used=100, held=150).settled_at(NOW + 91 * DAY).expired == 250


def test_a_lot_expires_at_its_very_second_and_not_before():
    assert ENDING.settled_at(NOW + 90 * DAY - SECOND).expired == 0
    assert ENDING.settled_at(NOW + 90 * DAY).expired == 500


def test_only_what_was_neither_used_nor_reversed_expires():
    assert replace(ENDING, used=120, reversed=80).settled_at(NOW + 91 * DAY).expired == 300


def test_nothing_expires_of_a_lot_that_is_overdrawn():
    assert replace(ENDING, used=400, reversed=300).settled_at(NOW + 91 * DAY).expired == 0


def test_a_lot_without_an_end_never_expires():
    assert LOT.settled_at(NOW + 10_000 * DAY) == LOT


def test_what_had_expired_is_a_target_too_and_follows_a_failing_refund():
    refunded_first = replace(ENDING, reversed=500).settled_at(NOW + 91 * DAY)
    assert (refunded_first.expired, refunded_first.left) == (0, 0)
    failed_later = replace(refunded_first, reversed=0).settled_at(NOW + 92 * DAY)
    assert (failed_later.expired, failed_later.left) == (500, 0)


@pytest.mark.parametrize(
    ("granted", "taken_back", "captured", "reversed_"),
    [
        (500, 0, 900, 0),
        (500, 300, 900, 166),  # floor of 166.67
        (500, 899, 900, 499),
        (500, 900, 900, 500),
        (500, 1000, 900, 500),  # never more than was granted
        (7, 1, 3, 2),  # floor of 2.33
        (500, 100, 0, 0),  # nothing captured, nothing to reverse
        (100, 29, 100, 29),  # 0.29 * 100 is less than 29 to a machine
        (10**9, 10**17 - 1, 10**17, 10**9 - 1),
    ],
)
def test_the_same_share_of_credits_as_of_money_is_reversed_rounded_down(granted, taken_back, captured, reversed_):
    assert reverse_lots([replace(LOT, granted=granted)], taken_back, captured)[0].reversed == reversed_


def test_lots_of_one_purchase_round_once_on_their_total():
    """F37: exact, to the credit."""
    lots = [replace(LOT, line=line, granted=5) for line in range(3)]
    # 15 granted, half taken back: 7 in all, where rounding each by itself would give 6
    assert [lot.reversed for lot in reverse_lots(lots, 1, 2)] == [2, 3, 2]


def test_a_smaller_target_gives_back():
    done = reverse_lots([replace(LOT, reversed=500)], 0, 900)
    assert done[0].reversed == 0


def test_the_balance_at_a_moment_already_counts_what_has_run_out_since():
    account = Account(ALICE, lots=(replace(LOT, used=100), ENDING), balance=900)
    assert credits_at(account, NOW) == Credits(900, 900)
    assert credits_at(account, NOW + 90 * DAY) == Credits(400, 400)


def test_a_debt_leaves_nothing_available():
    account = Account(ALICE, lots=(replace(LOT, used=400, reversed=500),), balance=-400)
    assert credits_at(account, NOW) == Credits(-400, 0)


def test_a_debt_is_covered_by_the_next_lot():
    debt = replace(LOT, used=400, reversed=500)
    assert balance_of([debt, replace(LOT, purchase=PurchaseKey("cs_2"))]) == 100


def test_lots_are_spent_first_to_expire_first_then_oldest_first():
    forever = replace(LOT, purchase=PurchaseKey("cs_forever"), granted_at=NOW - 9 * DAY)
    later = replace(ENDING, purchase=PurchaseKey("cs_later"), expires_at=NOW + 200 * DAY, granted_at=NOW - 5 * DAY)
    soon = replace(ENDING, purchase=PurchaseKey("cs_soon"))
    older = replace(ENDING, purchase=PurchaseKey("cs_z_older"), granted_at=NOW - DAY)
    second_line = replace(soon, line=1)
    lots = ordered_lots([forever, second_line, later, soon, older])
    assert lots == (older, soon, second_line, later, forever)
