"""Which subscription is changed, whether it may be, and to what: judged without Stripe (money rules 12, 21 and 22)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import InvoiceId, SubscriptionId, SubscriptionItemId
from billing.domain.plan_change import (
    PREVIEW_LIFE,
    Bill,
    BilledLine,
    LiveItem,
    LiveSubscription,
    PendingChange,
    PlanChange,
    change_key,
    change_of,
    chosen,
    item_to_change,
    refuse_giving_back,
    refuse_stale,
    refuse_unchangeable,
)
from billing.domain.subscription import SubscriptionState, state_of
from billing.errors import (
    ChangeNotNow,
    CurrencyUnavailable,
    PlanMismatch,
    PreviewExpired,
    SubscriptionAmbiguous,
    SubscriptionCanceling,
    SubscriptionNotChangeable,
    SubscriptionNotFound,
    SubscriptionPaused,
    SubscriptionUnpaid,
)
from tests.fakes.snapshots import (
    CREDITS,
    CUSTOMER,
    DAY,
    INVOICE,
    NOW,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_price,
    a_subscription,
)

TEAM_MONTHLY = a_price("team_monthly", 3000, "month", level="TEAM", plan="team")
STORAGE = a_price("storage", 200, "month", plan="storage", plan_group="storage")
ITEM = LiveItem(SubscriptionItemId("si_1"), PRO_MONTHLY, 3)
EXTRA = LiveItem(SubscriptionItemId("si_2"), STORAGE, 1)


def live(**given) -> LiveSubscription:
    running = LiveSubscription(
        id=SUBSCRIPTION,
        customer=CUSTOMER,
        status="active",
        currency="eur",
        items=(ITEM,),
        period_start=NOW,
        cancels_at=None,
        collection_paused=False,
        charged=True,
        scheduled=False,
        pending=None,
        latest_invoice=INVOICE,
        invoice_page=None,
    )
    return replace(running, **given)


def state(name: str, status: str = "active") -> SubscriptionState:
    truth = a_subscription(id=SubscriptionId(name), status=status)
    return state_of(truth, None, [], PRICES, POLICY.levels)


def test_what_a_subscription_has_is_told_in_one_order_whatever_stripe_lists_first():
    """It is compared with what it would have after a change."""
    assert live(items=(ITEM, EXTRA)).prices == live(items=(EXTRA, ITEM)).prices


PAGE = "https://invoice.stripe.test/1"
CHANGED = replace(ITEM, price=TEAM_MONTHLY)
TO_TEAM = PlanChange(SUBSCRIPTION, ITEM, TEAM_MONTHLY, 3)


def waiting(*items) -> PendingChange:
    return PendingChange(tuple(sorted((item.price.id, item.quantity) for item in items)), NOW + DAY)


@pytest.mark.parametrize(
    ("given", "waits", "stands"),
    [
        ({}, False, False),
        ({"items": (CHANGED, EXTRA)}, False, True),
        ({"items": (replace(CHANGED, quantity=2), EXTRA)}, False, False),
        ({"pending": waiting(CHANGED, EXTRA), "invoice_page": PAGE}, True, True),
        ({"pending": waiting(CHANGED, EXTRA)}, False, False),
        ({"pending": waiting(ITEM, EXTRA), "invoice_page": PAGE}, False, False),
        ({"invoice_page": PAGE}, False, False),
    ],
    ids=["as it was", "changed", "another quantity", "waits", "without a page", "another waits", "a page of something"],
)
def test_whether_a_change_has_been_made_or_waits_for_its_payment(given, waits, stands):
    found = live(**{"items": (ITEM, EXTRA), **given})
    assert (TO_TEAM.waits_in(found), TO_TEAM.stands_in(found)) == (waits, stands)


# ------------------------------------------------------------------------------------------------------- which is meant


def test_the_only_one_that_runs_needs_no_name():
    assert chosen([state("sub_old", "canceled"), state("sub_now")], None).id == "sub_now"


def test_one_that_was_never_paid_is_meant_only_by_its_name():
    states = [state("sub_tried", "incomplete")]
    with pytest.raises(SubscriptionNotFound):
        chosen(states, None)
    assert chosen(states, SubscriptionId("sub_tried")).id == "sub_tried"


def test_one_of_several_has_to_be_named():
    states = [state("sub_1"), state("sub_2")]
    with pytest.raises(SubscriptionAmbiguous):
        chosen(states, None)
    assert chosen(states, SubscriptionId("sub_2")).id == "sub_2"


def test_a_name_of_somebody_elses_is_no_name():
    with pytest.raises(SubscriptionNotFound) as refused:
        chosen([state("sub_1")], SubscriptionId("sub_theirs"))
    assert refused.value.ids["subscription_id"] == "sub_theirs"


# -------------------------------------------------------------------------------------------- whether it can be changed


@pytest.mark.parametrize("status", ["active", "trialing"])
def test_one_that_runs_can_be_changed(status):
    refuse_unchangeable(live(status=status))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"status": "past_due"}, SubscriptionUnpaid),
        ({"status": "unpaid"}, SubscriptionUnpaid),
        ({"status": "incomplete"}, SubscriptionUnpaid),
        ({"status": "paused"}, SubscriptionPaused),
        ({"collection_paused": True}, SubscriptionPaused),
        ({"status": "canceled"}, SubscriptionNotFound),
        ({"status": "incomplete_expired"}, SubscriptionNotFound),
        ({"cancels_at": NOW + DAY}, SubscriptionCanceling),
        ({"scheduled": True}, SubscriptionNotChangeable),
        ({"charged": False}, SubscriptionNotChangeable),
    ],
    ids=str,
)
def test_what_stands_in_the_way_is_named(given, error):
    with pytest.raises(error) as refused:
        refuse_unchangeable(live(**given))
    assert refused.value.ids["subscription_id"] == SUBSCRIPTION


def test_what_is_unpaid_is_said_before_that_it_is_paused():
    """Resuming would not help: the invoice has to be paid first."""
    with pytest.raises(SubscriptionUnpaid):
        refuse_unchangeable(live(status="past_due", collection_paused=True))


# -------------------------------------------------------------------------------------------------------------- to what


def test_the_plan_of_its_group_gives_way_whatever_else_there_is():
    assert item_to_change(live(items=(EXTRA, ITEM)), TEAM_MONTHLY) == ITEM
    assert item_to_change(live(items=(EXTRA, ITEM)), STORAGE) == EXTRA


@pytest.mark.parametrize(
    ("items", "price", "error", "named"),
    [
        ((ITEM,), CREDITS, PlanMismatch, {"price_id": CREDITS.id}),
        ((ITEM,), STORAGE, PlanMismatch, {"price_id": STORAGE.id}),
        ((replace(ITEM, price=CREDITS),), TEAM_MONTHLY, PlanMismatch, {"price_id": TEAM_MONTHLY.id}),
        ((ITEM,), replace(TEAM_MONTHLY, currency="usd"), CurrencyUnavailable, {"price_id": TEAM_MONTHLY.id}),
        (
            (ITEM, replace(EXTRA, price=TEAM_YEARLY)),
            TEAM_MONTHLY,
            SubscriptionNotChangeable,
            {"subscription_id": SUBSCRIPTION},
        ),
    ],
    ids=["bought once", "another group", "no plan to give way", "another currency", "two plans of one group"],
)
def test_what_has_no_one_plan_to_take_the_place_of_is_refused(items, price, error, named):
    with pytest.raises(error) as refused:
        item_to_change(live(items=items), price)
    assert refused.value.ids == named


def test_a_change_keeps_how_many_there_are_unless_it_says():
    assert change_of(live(), TEAM_MONTHLY, None).quantity == 3
    assert change_of(live(), TEAM_MONTHLY, 1).quantity == 1
    assert change_of(live(items=(replace(ITEM, quantity=0),)), TEAM_MONTHLY, None).quantity == 1


def test_only_what_is_changed_gives_way():
    running = live(items=(ITEM, EXTRA))
    change = change_of(running, TEAM_MONTHLY, 2)
    assert change.of(running) == ((STORAGE.id, 1), (TEAM_MONTHLY.id, 2))
    assert running.prices == ((PRO_MONTHLY.id, 3), (STORAGE.id, 1))


@pytest.mark.parametrize(
    ("price", "quantity", "nothing"), [(PRO_MONTHLY, 3, True), (PRO_MONTHLY, 2, False), (TEAM_MONTHLY, 3, False)]
)
def test_a_change_to_what_is_there_already_is_none(price, quantity, nothing):
    assert change_of(live(), price, quantity).nothing is nothing


def test_another_interval_begins_a_period_of_its_own():
    assert change_of(live(), TEAM_YEARLY, None).new_period
    assert change_of(live(), replace(TEAM_MONTHLY, interval_count=3), None).new_period
    assert not change_of(live(), TEAM_MONTHLY, None).new_period


def test_a_trial_begins_its_first_period_when_it_ends():
    assert not change_of(live(status="trialing"), TEAM_YEARLY, None).new_period


def test_another_interval_is_refused_where_it_would_bill_something_else_anew():
    running = live(items=(ITEM, EXTRA))
    with pytest.raises(SubscriptionNotChangeable) as refused:
        change_of(running, TEAM_YEARLY, None)
    assert refused.value.ids == {"subscription_id": SUBSCRIPTION}
    assert change_of(running, TEAM_MONTHLY, None).item == ITEM


# -------------------------------------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("age", [timedelta(0), PREVIEW_LIFE, timedelta(seconds=-5)], ids=str)
def test_the_moment_of_a_preview_holds_for_its_life_and_the_difference_of_two_clocks(age):
    refuse_stale(NOW + DAY - age, live(), NOW + DAY)


@pytest.mark.parametrize("age", [PREVIEW_LIFE + timedelta(seconds=1), timedelta(seconds=-6)], ids=str)
def test_an_older_or_later_moment_is_refused(age):
    """S13: the later in its period an upgrade is prorated, the less it costs."""
    with pytest.raises(PreviewExpired) as refused:
        refuse_stale(NOW + DAY - age, live(), NOW + DAY)
    assert refused.value.ids == {"subscription_id": SUBSCRIPTION}


def test_a_moment_of_the_period_before_is_refused():
    refuse_stale(NOW, live(), NOW)
    with pytest.raises(PreviewExpired):
        refuse_stale(NOW - timedelta(seconds=1), live(), NOW)


def bill(*amounts: tuple[int, int, bool]) -> Bill:
    lines = tuple(
        BilledLine("", amount, discount, proration=True, of_subscription=ours, period_start=NOW, period_end=NOW + DAY)
        for amount, discount, ours in amounts
    )
    return Bill("eur", 0, 0, lines)


def test_a_change_that_gives_money_back_is_not_made_at_once():
    """Money rule 12: else the credits of the dearer period would be had for almost nothing."""
    change = change_of(live(), TEAM_MONTHLY, None)
    refuse_giving_back(change, bill((-600, 0, True), (600, 0, True)))
    with pytest.raises(ChangeNotNow) as refused:
        refuse_giving_back(change, bill((-600, 0, True), (599, 0, True)))
    assert refused.value.ids == {"subscription_id": SUBSCRIPTION}


def test_neither_a_discount_nor_what_else_is_billed_hides_that_money_comes_back():
    change = change_of(live(), TEAM_MONTHLY, None)
    with pytest.raises(ChangeNotNow):
        refuse_giving_back(change, bill((-600, 0, True), (1000, 500, True)))
    with pytest.raises(ChangeNotNow):
        refuse_giving_back(change, bill((-1, 0, True), (5000, 0, False)))


# ----------------------------------------------------------------------------------------------------------- two clicks


def test_two_clicks_make_one_change():
    assert change_key(change_of(live(), TEAM_MONTHLY, 1), live(), 7) == change_key(
        change_of(live(), TEAM_MONTHLY, 1), live(), 7
    )


@pytest.mark.parametrize(
    ("price", "quantity", "at", "invoice", "version"),
    [
        (TEAM_YEARLY, 1, None, INVOICE, 7),
        (TEAM_MONTHLY, 2, None, INVOICE, 7),
        (TEAM_MONTHLY, 1, NOW, INVOICE, 7),
        (TEAM_MONTHLY, 1, None, InvoiceId("in_2"), 7),
        (TEAM_MONTHLY, 1, None, INVOICE, 8),
    ],
    ids=["price", "quantity", "moment", "a payment was tried", "a converge in between"],
)
def test_anything_that_differs_makes_another_change(price, quantity, at, invoice, version):
    first = change_key(change_of(live(), TEAM_MONTHLY, 1), live(), 7)
    running = live(latest_invoice=invoice)
    assert change_key(change_of(running, price, quantity, at), running, version) != first
