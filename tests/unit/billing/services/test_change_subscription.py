"""Changing a plan: shown before, billed once, in force once it is paid for, and no way to credits (money rule 12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import PriceId
from billing.domain.plan_change import PREVIEW_LIFE
from billing.errors import ChangeNotNow, IdempotencyConflict, PreviewExpired, StoreUnavailable, StripeRefused
from billing.services.change_subscription import ChangeStatus, change_subscription, preview_change
from tests.fakes.core import Core
from tests.fakes.snapshots import (
    ALICE,
    DAY,
    INVOICE,
    NOW,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_price,
    a_subscription,
)
from tests.fakes.subscriber import SUB, TEAM, subscribed_core, wanted
from tests.fakes.world import raising


@pytest.fixture
def core() -> Core:
    return subscribed_core()


def level(core: Core) -> str:
    access = core.account().access
    assert access is not None
    return access.level


# ------------------------------------------------------------------------------------------------------- what it costs


def test_a_preview_says_what_is_due_now_and_what_each_period_costs(core):
    core.clock.time = NOW + 15 * DAY + timedelta(milliseconds=400)
    seen = preview_change(wanted(), core.change)
    assert seen.now is not None
    assert (seen.now.due, [line.amount for line in seen.now.lines]) == (900, [-600, 1500])
    assert seen.recurring.total == 3000
    assert seen.change.prorated_at == seen.prorated_at, "what is billed later is what was previewed"
    assert (seen.prorated_at, seen.expires_at) == (NOW + 15 * DAY, NOW + 15 * DAY + timedelta(minutes=15))
    assert "change" not in core.calls.made


def test_what_was_previewed_is_what_is_billed(core):
    core.clock.time = NOW + 15 * DAY
    seen = preview_change(wanted(), core.change)
    core.clock.time += timedelta(minutes=14)
    change_subscription(wanted(prorated_at=seen.prorated_at), core.change)
    assert seen.now is not None
    assert core.plans.billed == [(SUB, seen.now.due)]


@pytest.mark.parametrize(
    "moment",
    [NOW + 15 * DAY - timedelta(minutes=16), NOW + 15 * DAY + timedelta(minutes=1), NOW + 29 * DAY],
    ids=["old", "a minute ahead", "the end of the period, when an upgrade costs nothing"],
)
def test_a_moment_that_no_preview_named_is_refused(core, moment):
    """S13: the later in its period an upgrade is prorated, the less it costs."""
    core.clock.time = NOW + 15 * DAY
    with pytest.raises(PreviewExpired):
        change_subscription(wanted(prorated_at=moment), core.change)
    assert core.plans.billed == []


def test_a_preview_does_not_outlive_its_period(core):
    core.clock.time = NOW + 30 * DAY - timedelta(minutes=5)
    seen = preview_change(wanted(), core.change)
    renewed = replace(core.stripe.subscriptions[SUB].items[0], period_end=NOW + 60 * DAY)
    core.stripe.subscriptions[SUB] = replace(core.stripe.subscriptions[SUB], items=(renewed,))
    core.clock.time += timedelta(minutes=6)
    with pytest.raises(PreviewExpired):
        change_subscription(wanted(prorated_at=seen.prorated_at), core.change)


def renewed(core: Core) -> None:
    item = replace(core.stripe.subscriptions[SUB].items[0], period_end=NOW + 60 * DAY)
    core.stripe.subscriptions[SUB] = replace(core.stripe.subscriptions[SUB], items=(item,))
    core.clock.time += timedelta(seconds=2)


OVERTAKEN = ["active before preview", "active after preview", "active before change", "trialing before change"]


@pytest.mark.parametrize("overtaken", OVERTAKEN)
def test_a_cheaper_plan_that_a_renewal_overtakes_is_not_paid_back(core, overtaken):
    """Money rule 12: a moment before it nothing comes back; a moment after it the renewal's price, not its credits."""
    end = NOW + 30 * DAY
    status, when, step = overtaken.split()
    core.stripe.subscriptions[SUB] = a_subscription(TEAM, latest_invoice=INVOICE, status=status, trial_end=end)
    core.clock.time = end - timedelta(seconds=1)
    getattr(core.calls, when)(step, lambda: renewed(core))
    with pytest.raises(PreviewExpired):
        change_subscription(wanted("pro_monthly"), core.change)
    assert core.plans.billed == []


@pytest.mark.parametrize("param", ["proration_date", "subscription_details[proration_date]"])
def test_a_period_that_ends_just_before_the_change_expires_the_preview(core, param):
    core.calls.before("change", raising(StripeRefused("no", param=param)))
    with pytest.raises(PreviewExpired) as told:
        change_subscription(wanted(), core.change)
    assert told.value.ids == {"subscription_id": SUB}


def test_a_moment_before_the_trial_is_refused(core):
    """A trial has no preview to be refused by Stripe: the change would be."""
    core.stripe.subscriptions[SUB] = a_subscription(status="trialing", trial_end=NOW + 14 * DAY)
    core.clock.time = NOW + timedelta(minutes=5)
    with pytest.raises(PreviewExpired):
        change_subscription(wanted(prorated_at=NOW - timedelta(minutes=5)), core.change)
    assert "change" not in core.calls.made


# ------------------------------------------------------------------------------------------------------ what it changes


def test_an_upgrade_is_billed_and_in_force_before_any_webhook(core):
    made = change_subscription(wanted(), core.change)
    assert (made.status, made.invoice_page, made.subscription) == (ChangeStatus.CHANGED, None, SUB)
    assert (level(core), core.account().subscriptions[0].price_id) == ("TEAM", TEAM.id)
    assert core.cache.accounts[ALICE].level == "TEAM"
    assert core.plans.billed == [(SUB, 1800)]
    assert core.metrics.counts["SubscriptionChanges{outcome=changed}"] == 1


def test_a_toggle_grants_nothing_however_often(core):
    """F54, money rule 12: up, down through the portal, and up again; the ledger tells of the access alone."""
    for _ in range(3):
        change_subscription(wanted(), core.change)
        core.stripe.subscriptions[SUB] = a_subscription(latest_invoice=INVOICE)
        core.deliver_change(f"evt_{len(core.plans.billed)}")
    change_subscription(wanted(), core.change)
    assert core.account().balance == 100
    assert [kind for kind, amount in core.granted() if amount] == ["PURCHASE"]
    assert [kind for kind, _ in core.granted()[1:]] == ["ACCESS"] * 8
    assert level(core) == "TEAM"


@pytest.mark.parametrize("moved", [{"price": "pro_cheap"}, {"price": "pro_monthly", "quantity": 1}])
def test_what_would_give_money_back_is_not_done_now(core, moved):
    """The credits of the dear period would stay, and its money come back."""
    core.stripe.prices[PriceId("price_pro_cheap")] = a_price("pro_cheap", 500, "month", level="PRO")
    two = replace(core.stripe.subscriptions[SUB].items[0], quantity=2)
    core.stripe.subscriptions[SUB] = a_subscription(items=(two,))
    request = wanted(moved["price"], quantity=moved.get("quantity"))
    for attempt in (preview_change, change_subscription):
        with pytest.raises(ChangeNotNow):
            attempt(request, core.change)
    assert core.plans.billed == []


def test_a_trial_is_changed_for_nothing_in_both_directions(core):
    core.stripe.subscriptions[SUB] = a_subscription(TEAM, status="trialing", trial_end=NOW + 14 * DAY)
    assert preview_change(wanted("pro_monthly"), core.change).now is None
    assert change_subscription(wanted("pro_monthly"), core.change).status is ChangeStatus.CHANGED
    assert (level(core), core.plans.billed, core.account().balance) == ("PRO", [], 100)


def test_a_price_of_another_interval_begins_its_period_with_the_change(core):
    """Money rule 21: a whole period that was paid, where the rest of one would be a proration."""
    core.stripe.prices[TEAM_YEARLY.id] = TEAM_YEARLY
    seen = preview_change(wanted("team_yearly"), core.change)
    assert seen.now is not None
    assert [line.proration for line in seen.now.lines] == [True, False]
    change_subscription(wanted("team_yearly"), core.change)
    state = core.account().subscriptions[0]
    assert (state.level, state.paid_through) == ("TEAM", NOW + 365 * DAY)
    assert core.account().balance == 100


def test_in_a_trial_the_first_period_begins_when_it_ends_whatever_the_interval(core):
    core.stripe.prices[TEAM_YEARLY.id] = TEAM_YEARLY
    core.stripe.subscriptions[SUB] = a_subscription(status="trialing", trial_end=NOW + 14 * DAY)
    change = preview_change(wanted("team_yearly"), core.change).change
    assert not change.new_period


def test_the_quantity_stays_unless_another_is_named(core):
    seats = replace(core.stripe.subscriptions[SUB].items[0], quantity=3)
    core.stripe.subscriptions[SUB] = a_subscription(items=(seats,))
    assert preview_change(wanted(), core.change).change.quantity == 3
    change_subscription(wanted("pro_monthly", quantity=5), core.change)
    assert core.account().subscriptions[0].quantity == 5


# ------------------------------------------------------------------------------------------------------------ only once


def test_a_double_click_is_billed_once(core):
    change_subscription(wanted(), core.change)
    assert change_subscription(wanted(), core.change).status is ChangeStatus.UNCHANGED
    assert len(core.plans.billed) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["live", "preview", "change"])
def test_two_clicks_at_the_very_same_time_are_billed_once(core, step, when):
    """The second one runs whole while the first is about to take a step, or has taken it."""
    getattr(core.calls, when)(step, lambda: change_subscription(wanted(), core.change))
    change_subscription(wanted(), core.change)
    assert len(core.plans.billed) == 1
    assert level(core) == "TEAM"


def test_a_second_click_at_another_second_gets_what_the_first_has_made(core):
    """The key is the same, and the moment that Stripe is told is not (F25)."""

    def first():
        core.clock.time += timedelta(seconds=1)
        change_subscription(wanted(), core.change)

    core.calls.before("change", first)
    assert change_subscription(wanted(), core.change).status is ChangeStatus.CHANGED
    assert (len(core.plans.billed), len(set(core.plans.keys))) == (1, 1)


def test_a_change_that_was_made_and_undone_meanwhile_is_previewed_again(core):
    def first():
        core.clock.time += timedelta(seconds=1)
        change_subscription(wanted(), core.change)
        core.stripe.subscriptions[SUB] = a_subscription(latest_invoice=INVOICE)

    core.calls.before("change", first)
    with pytest.raises(PreviewExpired) as told:
        change_subscription(wanted(), core.change)
    assert told.value.ids == {"subscription_id": SUB}
    assert len(core.plans.billed) == 1


def test_a_lost_answer_is_asked_for_again(core):
    """The change stands at Stripe, the account could not be written, and the buyer clicks again."""
    core.calls.broken["commit"] = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        change_subscription(wanted(), core.change)
    del core.calls.broken["commit"]
    assert change_subscription(wanted(), core.change).status is ChangeStatus.UNCHANGED
    assert (len(core.plans.billed), level(core)) == (1, "TEAM")


def test_up_and_down_and_up_again_are_two_changes(core):
    """The key of the first one must not answer for the second, which Stripe would then never make."""
    change_subscription(wanted(), core.change)
    core.stripe.subscriptions[SUB] = a_subscription(latest_invoice=INVOICE)
    core.deliver_change("evt_down")
    change_subscription(wanted(), core.change)
    assert len(set(core.plans.keys)) == len(core.plans.billed) == 2


def test_a_callers_key_stands_for_one_change(core):
    """F25."""
    core.plans.card_refuses = True
    change_subscription(wanted(idempotency_key="key-1"), core.change)
    assert core.plans.keys[0].startswith("change:sub_1:by-caller:")
    with pytest.raises(IdempotencyConflict) as told:
        change_subscription(wanted(idempotency_key="key-1", quantity=2), core.change)
    assert told.value.ids == {"subscription_id": SUB}
    assert len(core.plans.billed) == 1


def test_a_callers_key_of_another_quantity_of_the_price_is_not_answered_by_the_first(core):
    change_subscription(wanted(idempotency_key="key-1"), core.change)
    with pytest.raises(IdempotencyConflict):
        change_subscription(wanted(idempotency_key="key-1", quantity=2), core.change)


def test_a_callers_key_makes_no_old_preview_young(core):
    shown = preview_change(wanted(), core.change).prorated_at
    core.clock.time += PREVIEW_LIFE + timedelta(seconds=1)
    with pytest.raises(PreviewExpired):
        change_subscription(wanted(prorated_at=shown, idempotency_key="key-1"), core.change)


# ----------------------------------------------------------------------------------------------- the payment is missing


def test_a_refused_payment_leaves_the_plan_and_says_where_to_pay(core):
    core.plans.card_refuses = True
    made = change_subscription(wanted(), core.change)
    assert made.status is ChangeStatus.PAYMENT_REQUIRED
    assert (made.invoice_page, made.expires_at) == (
        "https://invoice.stripe.test/in_change_1",
        NOW + timedelta(hours=23),
    )
    assert (level(core), core.account().subscriptions[0].price_id) == ("PRO", PRO_MONTHLY.id)


def test_a_change_that_waits_is_not_made_though_nothing_says_where_to_pay(core):
    core.plans.card_refuses = True
    core.plans.given = {"invoice_page": None}
    made = change_subscription(wanted(), core.change)
    assert (made.status, made.invoice_page) == (ChangeStatus.PAYMENT_REQUIRED, None)


def test_asking_again_while_it_waits_gets_the_same_page_and_no_second_invoice(core):
    core.plans.card_refuses = True
    first = change_subscription(wanted(), core.change)
    second = change_subscription(wanted(), core.change)
    assert (second.status, second.invoice_page) == (first.status, first.invoice_page)
    assert len(core.plans.billed) == 1


def test_asking_again_after_a_renewal_that_came_while_it_waits_gets_a_page_again(core):
    """The renewal's invoice is the latest by then: its page would not pay for the change."""
    core.plans.card_refuses = True
    change_subscription(wanted(), core.change)
    renewed(core)
    core.stripe.subscriptions[SUB] = replace(core.stripe.subscriptions[SUB], latest_invoice=INVOICE)
    core.clock.time = NOW + 30 * DAY
    again = change_subscription(wanted(), core.change)
    assert (again.status, again.invoice_page) == (
        ChangeStatus.PAYMENT_REQUIRED,
        "https://invoice.stripe.test/in_change_2",
    )


def test_paid_for_it_is_in_force(core):
    core.plans.card_refuses = True
    change_subscription(wanted(), core.change)
    core.plans.pay(SUB)
    core.deliver_change("evt_paid")
    assert (level(core), core.account().balance) == ("TEAM", 100)


def test_who_stays_with_the_plan_while_a_change_waits_is_asked_for_nothing(core):
    core.plans.card_refuses = True
    change_subscription(wanted(), core.change)
    stays = change_subscription(wanted("pro_monthly"), core.change)
    assert (stays.status, stays.invoice_page, stays.expires_at) == (ChangeStatus.UNCHANGED, None, None)


def test_another_change_takes_the_place_of_the_one_that_waits(core):
    core.plans.card_refuses = True
    change_subscription(wanted(), core.change)
    core.plans.card_refuses = False
    assert change_subscription(wanted(quantity=2), core.change).status is ChangeStatus.CHANGED
    assert core.plans.pending == {}
