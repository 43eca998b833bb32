"""How far a subscription is paid: what an invoice covers, and which item it is of (money rule 21)."""

from dataclasses import replace

import pytest

from billing.domain.ids import PriceId, SubscriptionId
from billing.domain.paid_through import Period, covers_a_period, paid_periods
from billing.domain.snapshot import Invoice, SubscriptionItem
from billing.domain.subscription import SubscriptionState, state_of
from tests.fakes.snapshots import (
    DAY,
    NOW,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_line,
    a_price,
    a_subscription,
    an_invoice,
    an_item,
    item_of,
)

PRO, TEAM = item_of(PRO_MONTHLY.id), item_of(TEAM_YEARLY.id)
SEATS = a_price("seats", 300, "month", credits=10)
TEAM_MONTHLY = a_price("team_monthly", 3000, "month", level="TEAM", plan="team")
SOLD = {**PRICES, SEATS.id: SEATS, TEAM_MONTHLY.id: TEAM_MONTHLY}


def state(*items: SubscriptionItem) -> SubscriptionState:
    return state_of(a_subscription(items=items), None, [], SOLD, POLICY.levels)


# --------------------------------------------------------------------------------------------- what an invoice covers


def test_an_invoice_covers_each_item_up_to_the_latest_end_of_its_lines():
    later, yearly = a_line(period_end=NOW + 60 * DAY), a_line(TEAM_YEARLY, period_end=NOW + 365 * DAY)
    for lines in ((a_line(), later, yearly), (yearly, later, a_line())):
        paid = {PRO: Period(NOW, NOW + 60 * DAY), TEAM: Period(NOW, NOW + 365 * DAY)}
        assert paid_periods([an_invoice(*lines)]) == paid_periods([an_invoice(line) for line in lines]) == paid


@pytest.mark.parametrize("status", ["draft", "open", "void", "uncollectible"])
def test_an_invoice_covers_nothing_until_it_is_paid(status):
    assert (paid_periods([an_invoice(status=status)]), covers_a_period(an_invoice(status=status))) == ({}, False)


def test_prorations_and_lines_of_no_subscription_cover_nothing():
    far = NOW + 400 * DAY
    lines = (a_line(), a_line(period_end=far, proration=True), a_line(period_end=far, of_subscription=False))
    assert paid_periods([an_invoice(*lines, billing_reason="subscription_cycle")]) == {PRO: Period(NOW, NOW + 30 * DAY)}
    change = an_invoice(*lines[1:], billing_reason="subscription_update")
    assert (paid_periods([change]), covers_a_period(change)) == ({}, False)


def test_a_first_period_that_was_prorated_up_to_the_day_of_billing_is_covered():
    """Without it the first renewal that failed would take the level at once, and give no grace."""
    first = an_invoice(a_line(period_end=NOW + 9 * DAY, proration=True))
    assert (paid_periods([first]), covers_a_period(first)) == ({PRO: Period(NOW, NOW + 9 * DAY)}, True)


@pytest.mark.parametrize(("trial_end", "paid"), [(-1, 30), (0, 30), (14, 14), (30, 30), (40, 30), (None, 30)])
def test_what_a_trial_has_cut_short_is_paid_up_to_its_end(trial_end, paid):
    """Whoever ends a trial before its time, and does not pay, would else have the rest of it."""
    ended = None if trial_end is None else NOW + trial_end * DAY
    assert paid_periods([an_invoice(a_line(amount=0))], ended) == {PRO: Period(NOW, NOW + paid * DAY)}
    truth = a_subscription(trial_end=ended, status="past_due")
    for known, invoices in ((None, [an_invoice()]), (paid_for(30), [])):
        assert state_of(truth, known, invoices, PRICES, POLICY.levels).paid_through == NOW + paid * DAY


def test_whoever_switches_from_the_year_to_the_month_is_paid_for_the_month():
    """The rest of the year was credited."""
    year = an_invoice(a_line(TEAM_YEARLY, item=PRO, period_end=NOW + 365 * DAY))
    month = a_line(item=PRO, period_start=NOW + 9 * DAY, period_end=NOW + 39 * DAY)
    switched = an_invoice(month, id="in_2", billing_reason="subscription_update")
    known = state_of(a_subscription(), None, [year], PRICES, POLICY.levels)
    for before, seen in (
        (None, [year, switched]),
        (None, [switched, year]),
        (known, [switched]),
        (known, [year, switched]),
    ):
        after = state_of(a_subscription(), before, seen, PRICES, POLICY.levels)
        assert after.paid_through == NOW + 39 * DAY
        assert state_of(a_subscription(), after, [year], PRICES, POLICY.levels).paid_through == NOW + 39 * DAY


def test_a_line_that_names_no_item_covers_none():
    assert paid_periods([an_invoice(a_line(item=None))]) == {}


# ---------------------------------------------------------------------------------------------- what is remembered


def paid_for(days: int) -> SubscriptionState:
    invoice = an_invoice(a_line(period_end=NOW + days * DAY))
    return state_of(a_subscription(), None, [invoice], PRICES, POLICY.levels)


def test_a_paid_period_is_not_forgotten_when_the_snapshot_does_not_show_it():
    known = paid_for(9)
    other = an_invoice(subscription=SubscriptionId("sub_2"))
    assert state_of(a_subscription(), known, [other], PRICES, POLICY.levels).paid_through == NOW + 9 * DAY
    later = state_of(a_subscription(), known, [an_invoice()], PRICES, POLICY.levels)
    assert later.paid_through == NOW + 30 * DAY
    assert state_of(a_subscription(), None, [], PRICES, POLICY.levels).paid_through is None


def test_an_older_invoice_does_not_shorten_what_is_paid():
    known = paid_for(60)
    assert state_of(a_subscription(), known, [an_invoice()], PRICES, POLICY.levels).paid_through == NOW + 60 * DAY


# ------------------------------------------------------------------------------------------------- several items


ARCHIVE = replace(SEATS, id=PriceId("price_archive_yearly"))


def mixed(*invoices: Invoice, known: SubscriptionState | None = None, days: int = 30) -> SubscriptionState:
    """A plan by the month, and beside it something by the year."""
    truth = a_subscription(items=(an_item(PRO_MONTHLY, days=days), an_item(ARCHIVE, days=365)))
    return state_of(truth, known, invoices, {**SOLD, ARCHIVE.id: ARCHIVE}, POLICY.levels)


BOTH = an_invoice(a_line(), a_line(ARCHIVE, id="il_2", period_end=NOW + 365 * DAY))


def test_what_was_paid_for_another_item_by_the_year_pays_no_plan_by_the_month():
    """Else a plan whose renewal fails would be had for the rest of the year (money rule 21)."""
    assert mixed(BOTH).paid_through == NOW + 30 * DAY
    assert mixed(BOTH, known=mixed(BOTH), days=60).paid_through == NOW + 30 * DAY
    beside = an_invoice(a_line(ARCHIVE, period_end=NOW + 365 * DAY), id="in_2")
    assert mixed(beside, known=mixed(BOTH)).paid_through == NOW + 30 * DAY


def test_a_plan_that_is_added_is_not_paid_by_what_was_there_before():
    year = an_invoice(a_line(ARCHIVE, period_end=NOW + 365 * DAY))
    alone = state_of(a_subscription(items=(an_item(ARCHIVE, days=365),)), None, [year], SOLD, POLICY.levels)
    assert alone.paid_through == NOW + 365 * DAY
    assert mixed(an_invoice(), known=alone).paid_through == NOW + 30 * DAY
    added = mixed(year, known=alone)  # the change is seen first, and then the plan's first renewal
    assert mixed(an_invoice(), known=added).paid_through == NOW + 30 * DAY


def test_what_was_paid_for_an_item_that_is_gone_pays_no_plan_either():
    """Its last invoice may stay the latest one of the subscription until the plan's next renewal."""
    gone = state_of(a_subscription(items=(an_item(PRO_MONTHLY),)), mixed(BOTH), [BOTH], SOLD, POLICY.levels)
    assert gone.paid_through == NOW + 30 * DAY


def test_what_was_paid_for_a_higher_plan_that_is_gone_pays_not_the_one_beside_it():
    """Else whose year was paid back would have the smaller plan for all of that year, once its renewal fails."""
    year = an_invoice(a_line(), a_line(TEAM_YEARLY, id="il_2", period_end=NOW + 365 * DAY))
    both = a_subscription(items=(an_item(PRO_MONTHLY), an_item(TEAM_YEARLY, days=365)))
    known = state_of(both, None, [year], SOLD, POLICY.levels)
    assert known.paid_through == NOW + 365 * DAY
    for seen in ([year], []):
        gone = state_of(a_subscription(items=(an_item(PRO_MONTHLY),)), known, seen, SOLD, POLICY.levels)
        late = a_subscription(items=(an_item(PRO_MONTHLY, days=60),), status="past_due")
        assert state_of(late, gone, [year], SOLD, POLICY.levels).paid_through == NOW + 30 * DAY


def test_nor_does_it_where_an_invoice_of_its_own_had_billed_it():
    """The plan by the month was added later: each invoice has the line of one of them, and names the item."""
    monthly, yearly = (an_item(PRO_MONTHLY, id="si_1"), an_item(TEAM_YEARLY, days=365, id="si_2"))
    year = an_invoice(a_line(TEAM_YEARLY, item="si_2", period_end=NOW + 365 * DAY))
    month = an_invoice(a_line(item="si_1"), billing_reason="subscription_cycle")
    known = state_of(a_subscription(items=(monthly, yearly)), None, [year], SOLD, POLICY.levels)
    for seen in ([year], [month]):
        gone = state_of(a_subscription(items=(monthly,)), known, seen, SOLD, POLICY.levels)
        late = a_subscription(items=(replace(monthly, period_end=NOW + 60 * DAY),), status="past_due")
        assert state_of(late, gone, [month, year], SOLD, POLICY.levels).paid_through == NOW + 30 * DAY


def test_what_was_paid_for_the_item_under_its_last_price_pays_it_on():
    """Switched and switched back: by its price alone, its own line would be one of long ago."""
    switched = an_item(PRO_MONTHLY, days=60, id="si_1")
    first = an_invoice(a_line(item="si_1"))
    cycle = an_invoice(a_line(TEAM_YEARLY, item="si_1", period_end=NOW + 60 * DAY), billing_reason="subscription_cycle")
    found = state_of(a_subscription(items=(switched,)), None, [first, cycle], SOLD, POLICY.levels)
    assert found.paid_through == NOW + 60 * DAY


def test_nor_does_it_pay_the_plan_after_a_switch():
    """By its price alone, no line would be the plan's own, and that of the year would count within its next period."""
    year = a_line(TEAM_YEARLY, id="il_2", item="si_2", period_end=NOW + 365 * DAY)
    late = a_subscription(items=(an_item(TEAM_MONTHLY, days=60, id="si_1"),), status="past_due")
    for lines in ((a_line(item="si_1"), year), (year, a_line(item="si_1"))):
        prices = {**SOLD, TEAM_MONTHLY.id: TEAM_MONTHLY}
        assert state_of(late, None, [an_invoice(*lines)], prices, POLICY.levels).paid_through == NOW + 30 * DAY


@pytest.mark.parametrize(("days", "paid"), [(365, 60), (30, 30)])
def test_a_plan_without_a_line_of_its_own_is_paid_by_the_others_within_its_period(days, paid):
    added = an_item(TEAM_YEARLY, days=days, id="si_2")
    truth = a_subscription(items=(an_item(PRO_MONTHLY, id="si_1"), added))
    gone = a_line(ARCHIVE, item="si_3", period_end=NOW + 60 * DAY)
    prorated = a_line(TEAM_YEARLY, id="il_2", item="si_2", proration=True, period_end=added.period_end)
    sooner = replace(gone, id="il_3", item="si_4", period_end=NOW + 20 * DAY)
    invoice = an_invoice(gone, prorated, sooner, billing_reason="subscription_cycle")
    assert state_of(truth, None, [invoice], SOLD, POLICY.levels).paid_through == NOW + paid * DAY


@pytest.mark.parametrize(("proration", "paid"), [("paid", (30, 30, 30)), ("open", (30, 30, 60))])
def test_a_plan_that_was_added_is_paid_by_the_others_until_its_first_renewal(proration, paid):
    """Each renewal moves its period before it is paid: storage that is paid for a year would pay for all of them."""
    year = an_invoice(a_line(ARCHIVE, period_end=NOW + 365 * DAY))
    lines = (a_line(proration=True), a_line(ARCHIVE, id="il_2", proration=True, period_end=NOW + 20 * DAY))
    added = an_invoice(*lines, billing_reason="subscription_update", status=proration)
    for start, days in zip((0, 30, 60), paid, strict=True):
        plan = an_item(days=start + 30, period_start=NOW + start * DAY, created=NOW + 9 * DAY)
        truth = a_subscription(items=(an_item(ARCHIVE, days=365), plan))
        found = state_of(truth, None, [year, added], {**SOLD, ARCHIVE.id: ARCHIVE}, POLICY.levels)
        assert found.paid_through == NOW + days * DAY


def test_a_plan_that_was_only_prorated_so_far_is_paid_as_long_as_what_it_was_added_to():
    """Its own first whole period is still to come."""
    added = state(an_item(PRO_MONTHLY), an_item(TEAM_YEARLY))
    known = replace(state(an_item(PRO_MONTHLY)), paid_through=NOW + 30 * DAY)
    assert added.paid_through is None
    truth = a_subscription(items=(an_item(PRO_MONTHLY), an_item(TEAM_YEARLY, days=365)))
    for before_it, invoices in ((known, []), (None, [an_invoice()])):
        assert state_of(truth, before_it, invoices, SOLD, POLICY.levels).paid_through == NOW + 30 * DAY


def test_what_an_item_was_paid_for_under_an_earlier_price_says_nothing_of_one_beside_it():
    """A plan by the month was switched to the year, and a higher one added, of which there are only prorations: it is
    paid as long as the year, and not as long as the month was.
    """
    month = an_invoice(a_line(item="si_1"), id="in_0", billing_reason="subscription_cycle")
    year = an_invoice(a_line(ARCHIVE, item="si_1", period_end=NOW + 365 * DAY), billing_reason="subscription_update")
    items = (an_item(ARCHIVE, days=365, id="si_1"), an_item(TEAM_YEARLY, days=365, id="si_2"))
    for seen in ([month, year], [year, month]):
        assert state_of(a_subscription(items=items), None, seen, SOLD, POLICY.levels).paid_through == NOW + 365 * DAY


def test_what_each_item_was_paid_for_is_kept_while_another_one_speaks():
    """The higher plan speaks, and is taken off again. No invoice shows any more what the other one was paid for."""
    month = an_invoice(a_line(period_end=NOW + 20 * DAY))
    both = a_subscription(items=(an_item(PRO_MONTHLY), an_item(TEAM_YEARLY, days=365)))
    team = an_invoice(a_line(TEAM_YEARLY, period_end=NOW + 365 * DAY), id="in_2", billing_reason="subscription_cycle")
    known = state_of(both, state_of(both, None, [month], SOLD, POLICY.levels), [team], SOLD, POLICY.levels)
    assert (known.price_id, known.paid_through) == (TEAM_YEARLY.id, NOW + 365 * DAY)
    assert [item.paid and item.paid.end for item in known.items] == [NOW + 20 * DAY, NOW + 365 * DAY]
    gone = state_of(a_subscription(), known, [], SOLD, POLICY.levels)
    assert gone.paid_through == NOW + 20 * DAY
    later = a_subscription(items=(an_item(PRO_MONTHLY, days=60),))
    assert state_of(later, gone, [], SOLD, POLICY.levels).paid_through == NOW + 20 * DAY


def test_what_was_lent_to_an_item_is_kept_when_the_lender_is_gone():
    lender = an_invoice(a_line(ARCHIVE, period_end=NOW + 20 * DAY))
    known = mixed(lender)
    assert known.paid_through == NOW + 20 * DAY
    gone = state_of(a_subscription(items=(an_item(PRO_MONTHLY, days=60),)), known, [], SOLD, POLICY.levels)
    assert gone.paid_through == NOW + 20 * DAY


@pytest.mark.parametrize(("before", "after", "paid"), [(14, 8, 8), (None, 8, 8), (None, 20, 14), (0, 0, 14)])
def test_a_plan_in_place_of_the_one_that_was_tried_is_paid_up_to_the_end_of_the_trial(before, after, paid):
    """It is added by the change that ends the trial, and is not paid: it would have the rest of it."""
    was, ended = (None if days is None else NOW + days * DAY for days in (before, after))
    tried = replace(paid_for(14), trial_end=was)
    in_its_place = an_item(TEAM_YEARLY, days=373, created=NOW + 8 * DAY, period_start=NOW + 8 * DAY)
    truth = a_subscription(items=(in_its_place,), status="past_due", trial_end=ended)
    known = state_of(truth, tried, [], PRICES, POLICY.levels)
    assert known.paid_through == NOW + paid * DAY
    assert state_of(truth, known, [], PRICES, POLICY.levels) == known


def test_what_was_stored_before_items_had_ids_is_paid_within_its_period():
    old = replace(paid_for(30), items=tuple(replace(item, id=None, paid=None) for item in paid_for(30).items))
    assert state_of(a_subscription(), old, [], SOLD, POLICY.levels).paid_through == NOW + 30 * DAY
