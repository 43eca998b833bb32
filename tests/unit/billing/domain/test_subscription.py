"""Subscriptions: what is remembered of one, which of several speaks, and what access each status gives."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billing.domain.catalog import DEFAULT_GROUP
from billing.domain.ids import CustomerId, SubscriptionId
from billing.domain.paid_through import Period
from billing.domain.subscription import (
    ItemState,
    Span,
    SubscriptionState,
    access_of,
    governing,
    next_renewal,
    state_of,
)
from tests.fakes.snapshots import (
    DAY,
    NOW,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_line,
    a_price,
    a_subscription,
    an_invoice,
    an_item,
    an_order,
    item_of,
)

GRACE, PRO = 3 * DAY, item_of(PRO_MONTHLY.id)


def state(**given) -> SubscriptionState:
    return replace(state_of(a_subscription(), None, [], PRICES, POLICY.levels), **given)


def test_a_subscription_is_remembered_as_stripe_has_it():
    truth = a_subscription(cancel_at_period_end=True, trial_end=NOW + 7 * DAY, status="trialing")
    free = an_invoice(a_line(amount=0, period_end=NOW + 7 * DAY))
    remembered = state_of(truth, None, [free], PRICES, POLICY.levels)
    assert remembered == SubscriptionState(
        id=SUBSCRIPTION,
        customer=truth.customer,
        status="trialing",
        created=NOW,
        price_id=PRO_MONTHLY.id,
        quantity=1,
        plan="pro",
        level="PRO",
        period_end=NOW + 30 * DAY,
        trial_end=NOW + 7 * DAY,
        cancel_at_period_end=True,
        paid_through=NOW + 7 * DAY,
        items=(ItemState(PRO_MONTHLY.id, 1, "pro", "PRO", id=PRO, paid=Period(NOW, NOW + 7 * DAY)),),
    )


@pytest.mark.parametrize("days", [365, 10])
def test_the_item_of_the_highest_level_speaks(days: int) -> None:
    """Its period is the one that is told, also where another one ends later."""
    items = tuple(an_item(price, 2, ends) for price, ends in ((TEAM_YEARLY, days), (PRO_MONTHLY, 30)))
    for order in (items, items[::-1]):
        remembered = state_of(a_subscription(items=order), None, [], PRICES, POLICY.levels)
        assert (remembered.level, remembered.quantity, remembered.period_end) == ("TEAM", 2, NOW + days * DAY)


def test_a_price_that_is_not_in_the_snapshot_gives_no_level():
    remembered = state_of(a_subscription(), None, [], {}, POLICY.levels)
    assert (remembered.plan, remembered.level) == (None, None)


STORAGE = a_price("storage", 300, "month", credits=10, plan_group="storage")


def test_a_subscription_is_of_the_groups_of_all_its_items_and_the_speaking_one_comes_first():
    items = tuple(an_item(price, days=1) for price in (STORAGE, PRO_MONTHLY))
    remembered = state_of(a_subscription(items=items), None, [], {**PRICES, STORAGE.id: STORAGE}, POLICY.levels)
    assert (remembered.group, remembered.groups) == ("default", ("default", "storage"))


def test_a_price_without_a_catalog_is_of_the_default_group():
    """Sold by hand in the dashboard: as far as anybody knows, that is the plan of this user."""
    assert state_of(a_subscription(), None, [], {}, POLICY.levels).groups == (DEFAULT_GROUP,)


@pytest.mark.parametrize(
    ("broken", "known", "group"),
    [
        ({"broken_key": "plan_group", "problem": "plan_group must be"}, True, "storage"),
        ({"broken_key": "plan_group", "problem": "plan_group must be"}, False, DEFAULT_GROUP),
        ({"broken_key": "plan", "problem": "plan must be", "plan_group": "storage"}, False, "storage"),
    ],
)
def test_a_typo_moves_no_subscription_to_another_group(broken, known, group):
    before = state_of(a_subscription(STORAGE), None, [], {STORAGE.id: STORAGE}, POLICY.levels)
    prices = {STORAGE.id: a_price("storage", 300, "month", **broken)}
    after = state_of(a_subscription(STORAGE), before if known else None, [], prices, POLICY.levels)
    assert after.group == group


@pytest.mark.parametrize("status", ["unpaid", "incomplete", "incomplete_expired", "paused", "canceled", "new_status"])
def test_these_statuses_give_no_access_whatever_was_paid(status):
    """F42: access by one table of statuses."""
    paid = state(status=status, paid_through=NOW + 30 * DAY, trial_end=NOW + 30 * DAY)
    assert access_of(paid, GRACE, NOW) is None


@pytest.mark.parametrize("ending", [True, False])
def test_active_gives_access_also_when_it_will_end(ending):
    assert access_of(state(cancel_at_period_end=ending), GRACE, NOW) == Span("PRO", None)


def test_a_trial_gives_access_until_its_end():
    trial = state(status="trialing", trial_end=NOW + DAY)
    assert access_of(trial, GRACE, NOW) == Span("PRO", NOW + DAY)
    assert access_of(trial, GRACE, NOW + DAY) is None


def test_a_trial_of_an_item_alone_gives_access_for_its_period():
    """Stripe names no end of the subscription's trial where an offer on an item is the trial."""
    trial = state(status="trialing", trial_end=None, period_end=NOW + 7 * DAY)
    assert access_of(trial, GRACE, NOW) == Span("PRO", NOW + 7 * DAY)
    assert access_of(trial, GRACE, NOW + 7 * DAY) is None


@pytest.mark.parametrize(
    ("now", "access"),
    [
        (NOW - timedelta(seconds=1), True),
        (NOW, True),
        (NOW + GRACE - timedelta(seconds=1), True),
        (NOW + GRACE, False),
    ],
)
def test_past_due_gives_access_through_the_grace_after_what_was_paid(now: datetime, access: bool):
    """F55: the subscription's own period has moved already, and must not count."""
    late = state(status="past_due", paid_through=NOW, period_end=NOW + 30 * DAY)
    assert access_of(late, GRACE, now) == (Span("PRO", NOW + GRACE) if access else None)


def test_past_due_without_any_paid_period_gives_no_access():
    assert access_of(state(status="past_due", paid_through=None), GRACE, NOW) is None


def remembered_by_its_price_alone() -> SubscriptionState:
    """As an account has it that was stored before items were."""
    return state(items=())


@pytest.mark.parametrize("known", [None, remembered_by_its_price_alone()])
def test_a_typo_leaves_an_item_as_it_was_ordered_or_stored(known: SubscriptionState | None):
    typo = a_price("pro_monthly", 1200, "month", problem="plan must be", broken_key="plan", plan_group="moved")
    order = an_order(PRO_MONTHLY, quantity=5) if known is None else None
    found = state_of(a_subscription(), known, [], {typo.id: typo}, POLICY.levels, order)
    assert found.items == (ItemState(PRO_MONTHLY.id, 1, "pro", "PRO", "moved", PRO),)


@pytest.mark.parametrize("known", [True, False])
def test_a_typo_in_the_metadata_takes_nothing_from_who_has_it_and_gives_nothing_new(known: bool):
    broken = {PRO_MONTHLY.id: a_price("pro_monthly", 1200, "month", problem="entitlement_level 'PORO'")}
    found = state_of(a_subscription(), state() if known else None, [], broken, POLICY.levels)
    assert (found.plan, found.level) == (("pro", "PRO") if known else (None, None))


def test_a_typo_in_one_of_two_prices_leaves_the_higher_one_speaking():
    items = (an_item(TEAM_YEARLY, days=1), an_item(PRO_MONTHLY, days=1))
    both = a_subscription(items=items)
    team = state_of(both, None, [], PRICES, POLICY.levels)
    broken = {**PRICES, TEAM_YEARLY.id: a_price("team_yearly", 29000, "year", problem="entitlement_level 'TEEM'")}
    assert state_of(both, team, [], broken, POLICY.levels) == team


def test_a_typo_does_not_keep_what_another_price_gave():
    changed = state_of(a_subscription(TEAM_YEARLY), None, [], PRICES, POLICY.levels)
    broken = {PRO_MONTHLY.id: a_price("pro_monthly", 1200, "month", problem="entitlement_level 'PORO'")}
    found = state_of(a_subscription(), changed, [], broken, POLICY.levels)
    assert (found.plan, found.level) == (None, None)


def test_a_plan_without_a_level_gives_no_access():
    assert access_of(state(level=None), GRACE, NOW) is None


def test_the_subscription_with_access_speaks_before_a_newer_one_without():
    paying = state(created=NOW - DAY)
    failed = state(id=SubscriptionId("sub_2"), status="incomplete")
    assert governing([failed, paying], POLICY.levels, GRACE, NOW) == paying


def test_one_within_its_grace_has_access_and_speaks_by_its_level():
    late = state(id=SubscriptionId("sub_2"), level="TEAM", status="past_due", paid_through=NOW - DAY)
    assert governing([late, state()], POLICY.levels, GRACE, NOW) == late
    assert governing([late, state()], POLICY.levels, GRACE, NOW + 2 * DAY) == state()


def test_among_equals_the_newest_speaks_then_the_id():
    older, newer = state(created=NOW - DAY), state(id=SubscriptionId("sub_0"))
    assert governing([newer, older], POLICY.levels, GRACE, NOW) == newer
    twin = state(id=SubscriptionId("sub_9"))
    for both in ([twin, newer], [newer, twin]):
        assert governing(both, POLICY.levels, GRACE, NOW) == twin


def test_nobody_speaks_where_there_is_none():
    assert governing([], POLICY.levels, GRACE, NOW) is None


@pytest.mark.parametrize(
    ("status", "renews"),
    [
        *((status, True) for status in ("trialing", "active", "past_due", "unpaid")),
        *((status, False) for status in ("paused", "incomplete")),
    ],
)
def test_after_its_period_a_subscription_has_changed_unless_it_makes_no_invoices(status: str, renews: bool) -> None:
    """F50. Of a trial long past Stripe goes on saying when it ended."""
    held = state_of(a_subscription(status=status, trial_end=NOW - DAY), None, [], PRICES, POLICY.levels)
    assert next_renewal([held]) == ((held.period_end, held.customer) if renews else None)


def test_the_first_of_several_renewals_counts() -> None:
    held = state_of(a_subscription(), None, [], PRICES, POLICY.levels)
    sooner = replace(held, customer=CustomerId("cus_2"), period_end=held.period_end - DAY)
    assert next_renewal([held, sooner]) == (sooner.period_end, sooner.customer)
    assert next_renewal([]) is None
