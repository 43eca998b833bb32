"""Levels that were bought once: they stack by payment, and a refunded one makes way (money rule 19)."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from billing.domain.entitlement import LevelGrant, access_at, one_time_spans
from billing.domain.ids import PurchaseKey
from billing.domain.subscription import Span, state_of
from tests.fakes.snapshots import DAY, NOW, POLICY, PRICES, TEAM_YEARLY, a_subscription

FIRST = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW, 30)
SECOND = LevelGrant(PurchaseKey("cs_2"), 0, "PRO", NOW + 5 * DAY, 30)
FOREVER = LevelGrant(PurchaseKey("cs_3"), 0, "PRO", NOW + 5 * DAY, None)


def test_a_level_lasts_its_days_from_the_payment():
    assert one_time_spans([FIRST], NOW) == [Span("PRO", NOW + 30 * DAY)]
    assert one_time_spans([FIRST], NOW + 30 * DAY - timedelta(seconds=1)) == [Span("PRO", NOW + 30 * DAY)]
    assert one_time_spans([FIRST], NOW + 30 * DAY) == []


def test_nothing_bought_gives_no_span():
    assert one_time_spans([], NOW) == []


def test_a_second_one_begins_where_the_first_ends():
    for order in permutations([FIRST, SECOND]):
        assert one_time_spans(order, NOW + 6 * DAY) == [Span("PRO", NOW + 60 * DAY)]


def test_which_is_the_first_is_told_by_the_payment_and_not_by_the_name():
    """Stripe's ids are in no order. A day more or less is what a wrong one gives."""
    first = replace(FIRST, purchase=PurchaseKey("cs_9"))
    for order in permutations([first, SECOND]):
        assert one_time_spans(order, NOW + 6 * DAY) == [Span("PRO", NOW + 60 * DAY)]
        refunded = [replace(grant, ended_at=NOW + 10 * DAY) if grant is first else grant for grant in order]
        assert one_time_spans(refunded, NOW + 10 * DAY) == [Span("PRO", NOW + 40 * DAY)]


def test_a_second_one_after_a_gap_begins_at_its_own_payment():
    late = replace(SECOND, paid_at=NOW + 50 * DAY)
    assert one_time_spans([FIRST, late], NOW + 51 * DAY) == [Span("PRO", NOW + 80 * DAY)]


def test_days_beyond_the_calendar_have_no_end_in_sight():
    """The longest level of the catalog, in the highest quantity, bought eight times: about the year 10030."""
    years = [LevelGrant(PurchaseKey(f"cs_{number}"), 0, "PRO", NOW, 3650 * 100) for number in range(8)]
    (seven,) = one_time_spans(years[:7], NOW)
    assert seven.until is not None
    assert seven.until.year > 9000
    assert one_time_spans(years, NOW) == [Span("PRO", None)]
    assert access_at([], years, POLICY, NOW) == Span("PRO", None)


def test_a_refund_ends_days_beyond_the_calendar():
    endless = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW, 10**9, ended_at=NOW + DAY)
    assert one_time_spans([endless], NOW) == [Span("PRO", NOW + DAY)]


def test_levels_do_not_stack_on_each_other():
    team = replace(SECOND, level="TEAM")
    assert one_time_spans([FIRST, team], NOW + 6 * DAY) == [Span("PRO", NOW + 30 * DAY), Span("TEAM", NOW + 35 * DAY)]


def test_when_the_first_of_two_is_refunded_the_second_follows_from_there():
    """F61."""
    refunded = replace(FIRST, ended_at=NOW + 10 * DAY)
    assert one_time_spans([refunded, SECOND], NOW + 10 * DAY) == [Span("PRO", NOW + 40 * DAY)]


def test_when_the_first_was_refunded_before_the_second_was_paid_the_second_has_all_of_its_days():
    refunded = replace(FIRST, ended_at=NOW + 2 * DAY)
    assert one_time_spans([refunded, SECOND], NOW + 6 * DAY) == [Span("PRO", NOW + 35 * DAY)]


def test_a_refund_of_the_second_before_its_turn_leaves_the_first_alone():
    refunded = replace(SECOND, ended_at=NOW + 6 * DAY)
    assert one_time_spans([FIRST, refunded], NOW + 7 * DAY) == [Span("PRO", NOW + 30 * DAY)]


def test_a_refund_after_the_natural_end_changes_nothing():
    assert one_time_spans([replace(FIRST, ended_at=NOW + 40 * DAY)], NOW + DAY) == [Span("PRO", NOW + 30 * DAY)]


def test_the_second_of_three_refunded_lets_the_third_follow_the_first():
    third = replace(SECOND, purchase=PurchaseKey("cs_9"), paid_at=NOW + 6 * DAY)
    refunded = replace(SECOND, ended_at=NOW + 8 * DAY)
    assert one_time_spans([FIRST, refunded, third], NOW + 9 * DAY) == [Span("PRO", NOW + 60 * DAY)]


def test_a_level_without_days_has_no_end_until_it_is_refunded():
    assert one_time_spans([FIRST, FOREVER], NOW + 6 * DAY) == [Span("PRO", None)]
    refunded = replace(FOREVER, ended_at=NOW + 40 * DAY)
    assert one_time_spans([FIRST, refunded], NOW + 6 * DAY) == [Span("PRO", NOW + 40 * DAY)]
    assert one_time_spans([FIRST, refunded], NOW + 40 * DAY) == []


def test_a_payment_that_stripes_clock_puts_a_little_ahead_of_ours_counts_at_once():
    """F29: else a buyer whose payment was just seen would have no access, and the ledger no entry of it."""
    assert one_time_spans([FIRST], NOW - timedelta(seconds=5)) == [Span("PRO", NOW + 30 * DAY)]


def test_the_highest_level_speaks_with_its_own_end():
    subscription = state_of(a_subscription(TEAM_YEARLY, status="trialing", trial_end=NOW + DAY), None, [], PRICES, ())
    assert access_at([subscription], [FIRST], POLICY, NOW) == Span("TEAM", NOW + DAY)
    assert access_at([subscription], [FIRST], POLICY, NOW + DAY) == Span("PRO", NOW + 30 * DAY)


@pytest.mark.parametrize(
    ("status", "trial", "until"),
    [("active", 90, None), ("trialing", 90, NOW + 90 * DAY), ("trialing", 3, NOW + 30 * DAY)],
)
def test_of_two_spans_of_one_level_the_longer_counts(status, trial, until):
    subscription = state_of(a_subscription(status=status, trial_end=NOW + trial * DAY), None, [], PRICES, ())
    assert access_at([subscription], [FIRST], POLICY, NOW) == Span("PRO", until)


def test_everybody_has_the_lowest_level():
    assert access_at([], [], POLICY, NOW) == Span("FREE", None)


def test_a_level_that_nobody_ranks_any_more_does_not_speak():
    assert access_at([], [replace(FIRST, level="GOLD")], POLICY, NOW) == Span("FREE", None)
