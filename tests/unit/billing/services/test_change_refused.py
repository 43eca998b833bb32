"""Which subscription is changed, and to what: everything else is refused before it costs anything."""

from dataclasses import replace

import pytest

from billing.domain.ids import SubscriptionId
from billing.errors import (
    AmbiguousPrice,
    CurrencyUnavailable,
    PlanMismatch,
    PriceUnavailable,
    QuantityOutOfRange,
    StripeRefused,
    SubscriptionAmbiguous,
    SubscriptionCanceling,
    SubscriptionNotChangeable,
    SubscriptionNotFound,
    SubscriptionPaused,
    SubscriptionUnpaid,
    UnknownPrice,
)
from billing.services.change_subscription import ChangeStatus, change_subscription, preview_change
from billing.services.find_price import PriceRef
from tests.fakes.core import Core
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    TEAM_YEARLY,
    a_price,
    a_subscription,
)
from tests.fakes.subscriber import SUB, TEAM, subscribed_core, wanted
from tests.fakes.world import raising


@pytest.fixture
def core() -> Core:
    return subscribed_core()


@pytest.mark.parametrize("attempt", [preview_change, change_subscription])
@pytest.mark.parametrize(
    ("state", "given", "error"),
    [
        ({"status": "past_due"}, {}, SubscriptionUnpaid),
        ({"status": "unpaid"}, {}, SubscriptionUnpaid),
        ({"status": "paused"}, {}, SubscriptionPaused),
        ({}, {"collection_paused": True}, SubscriptionPaused),
        ({"cancel_at_period_end": True}, {}, SubscriptionCanceling),
        ({}, {"scheduled": True}, SubscriptionNotChangeable),
        ({}, {"charged": False}, SubscriptionNotChangeable),
    ],
)
def test_what_stands_in_the_way_of_a_change(core, attempt, state, given, error):
    core.stripe.subscriptions[SUB] = a_subscription(**state)
    core.plans.given = given
    with pytest.raises(error):
        attempt(wanted(), core.change)
    assert core.plans.billed == []


def test_one_that_has_ended_since_is_not_there(core):
    core.stripe.subscriptions[SUB] = a_subscription(status="canceled")
    with pytest.raises(SubscriptionNotFound):
        change_subscription(wanted(), core.change)


def test_of_several_one_must_be_named(core):
    core.stripe.subscriptions[SubscriptionId("sub_2")] = a_subscription(id=SubscriptionId("sub_2"))
    core.deliver_change("evt_two")
    with pytest.raises(SubscriptionAmbiguous):
        change_subscription(wanted(), core.change)
    assert change_subscription(wanted(subscription=SubscriptionId("sub_2")), core.change).subscription == "sub_2"
    assert core.plans.billed == [("sub_2", 1800)]


def test_somebody_elses_is_not_found(core):
    """S07: whose it is comes from the account alone, and it is not told apart from one that is nobody's."""
    core.has_customer(BOB, "cus_bob")
    for name in (SUB, SubscriptionId("sub_nobodys")):
        with pytest.raises(SubscriptionNotFound):
            change_subscription(wanted(user=BOB, subscription=name), core.change)
    assert "live" not in core.calls.made


def test_a_subscription_that_changed_its_customer_is_not_found(core):
    core.plans.owners[SUB] = "cus_somebody"
    with pytest.raises(SubscriptionNotFound) as told:
        change_subscription(wanted(), core.change)
    assert told.value.ids == {"subscription_id": SUB}


def test_who_never_bought_anything_costs_stripe_nothing(core):
    with pytest.raises(SubscriptionNotFound):
        change_subscription(wanted(user=BOB), core.change)
    assert core.calls.made == ["load"]


def test_a_subscription_that_no_webhook_has_told_of_is_found(core):
    del core.stripe.subscriptions[SUB]
    core.stripe.subscriptions[SubscriptionId("sub_2")] = a_subscription(TEAM, id=SubscriptionId("sub_2"))
    seen = preview_change(wanted(quantity=2, subscription=SubscriptionId("sub_2")), core.change)
    assert seen.change.subscription == "sub_2"
    assert [entry.actor for entry in core.tables.entries(ALICE)] == ["event_consumer"] * 2 + ["subscriptions"]


@pytest.mark.parametrize(
    ("price", "error"),
    [
        (replace(TEAM, active=False), PriceUnavailable),
        (replace(TEAM, problem="credits_amount must be a whole number"), PriceUnavailable),
        (replace(TEAM, unit_amount=None, barred="tiered"), PriceUnavailable),
        (replace(TEAM, interval=None), PlanMismatch),
        (replace(TEAM, currency="usd"), CurrencyUnavailable),
        (replace(TEAM, gives=replace(TEAM.gives, plan_group="storage")), PlanMismatch),
    ],
)
def test_a_price_that_this_subscription_cannot_change_to(core, price, error):
    """S13."""
    core.stripe.prices[TEAM.id] = price
    for attempt in (preview_change, change_subscription):
        with pytest.raises(error):
            attempt(wanted(), core.change)
    assert core.plans.billed == []


def test_a_price_in_the_subscriptions_currency_is_enough(core):
    core.stripe.prices[TEAM.id] = replace(TEAM, currency="usd", options={"eur": 3000})
    assert change_subscription(wanted(), core.change).status is ChangeStatus.CHANGED


def test_a_change_to_an_unknown_price_is_refused(core):
    for request in (wanted("none"), replace(wanted(), price=PriceRef(price_id="price_none"))):
        with pytest.raises(UnknownPrice):
            change_subscription(request, core.change)


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_a_quantity_out_of_bounds_is_refused_before_anything_is_asked(core, quantity):
    """S13."""
    with pytest.raises(QuantityOutOfRange):
        change_subscription(wanted(quantity=quantity), core.change)
    assert core.calls.made == []
    assert change_subscription(wanted(quantity=10), core.change).status is ChangeStatus.CHANGED


def test_of_several_items_the_plan_of_the_group_is_changed(core):
    storage = a_price("storage", 400, "month", level="PRO", plan_group="storage")
    core.stripe.prices[storage.id] = storage
    plan = core.stripe.subscriptions[SUB].items[0]
    core.stripe.subscriptions[SUB] = a_subscription(items=(replace(plan, price_id=storage.id), plan))
    change_subscription(wanted(), core.change)
    assert [item.price_id for item in core.stripe.subscriptions[SUB].items] == [storage.id, TEAM.id]


def test_two_plans_of_one_group_are_left_to_the_portal(core):
    plan = core.stripe.subscriptions[SUB].items[0]
    core.stripe.subscriptions[SUB] = a_subscription(items=(plan, replace(plan, price_id=TEAM.id)))
    with pytest.raises(SubscriptionNotChangeable):
        change_subscription(wanted(), core.change)


def test_another_interval_is_refused_where_something_else_would_be_billed_anew(core):
    """Its new period would be billed and, being a change's, grant nothing (money rule 12)."""
    storage = a_price("storage", 400, "month", level="PRO", plan_group="storage")
    core.stripe.prices |= {storage.id: storage, TEAM_YEARLY.id: TEAM_YEARLY}
    plan = core.stripe.subscriptions[SUB].items[0]
    core.stripe.subscriptions[SUB] = a_subscription(items=(replace(plan, price_id=storage.id), plan))
    with pytest.raises(SubscriptionNotChangeable):
        change_subscription(wanted("team_yearly"), core.change)
    assert core.plans.billed == []


def test_another_refusal_of_stripe_is_not_hidden(core):
    core.calls.before("preview", raising(StripeRefused("no", param="items")))
    with pytest.raises(StripeRefused):
        preview_change(wanted(), core.change)


def test_what_can_not_be_previewed_is_not_changed(core):
    """Else nothing would say whether it gives money back."""
    core.calls.before("preview", raising(StripeRefused("no", stripe_code="resource_missing", param="price")))
    with pytest.raises(StripeRefused):
        change_subscription(wanted(), core.change)
    assert core.plans.billed == []


def test_a_preview_of_nothing_is_no_failure(core):
    """Another click has made the change between two of our requests: then there is nothing to bill."""
    core.calls.before("preview", raising(StripeRefused("no", stripe_code="invoice_upcoming_none")))
    assert preview_change(wanted(), core.change).now is None


def test_a_plan_or_a_level_by_its_name(core):
    """In the subscription's currency: the same plan in dollars is no candidate."""
    dollars = a_price("team_usd", 3300, "month", level="TEAM", plan="team", currency="usd")
    core.stripe.prices[dollars.id] = dollars
    for ref in (PriceRef(plan="team", interval="month"), PriceRef(level="TEAM", interval="month")):
        assert preview_change(wanted(price=ref), core.change).change.price == TEAM
    with pytest.raises(AmbiguousPrice):
        preview_change(wanted(price=PriceRef(plan="team")), core.change)
