"""A slot that changes hands: calls that stall or die, plans that replace each other, customers that are gone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.ids import CustomerId, PurchaseKey, SessionId
from billing.domain.purchase import PurchaseState
from billing.errors import (
    CheckoutConflict,
    Contention,
    StoreUnavailable,
    StripeKeyInUse,
    StripeUnavailable,
    SubscriptionExists,
)
from billing.ports.stripe import OpenSession
from billing.services.converge import converge, touched_session
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core
from tests.fakes.requests import a_request
from tests.fakes.snapshots import (
    ALICE,
    DAY,
    NOW,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_subscription,
)
from tests.fakes.world import raising

HOUR = timedelta(hours=1)
SLOT = (ALICE, "subscription:default")


def start(core: Core, lookup_key: str | None = "credits", quantity: int = 1, **given: Any) -> OpenSession:
    return start_checkout(a_request(lookup_key, quantity, **given), core.checkout)


# ---------------------------------------------------------------------------------------------------- calls that stall


@pytest.mark.parametrize("step", ["take", "create_session"])
def test_a_call_that_died_on_the_way_is_resumed_with_the_same_order_and_key(core, step):
    """Money rule 13: whoever resumes it gets the very same session from Stripe."""
    core.calls.after(step, raising(StripeUnavailable("died")))
    with pytest.raises(StripeUnavailable):
        start(core)
    core.clock.time += HOUR
    assert start(core).id == "cs_1"
    assert (len(core.tables.orders), len(core.stripe.sessions)) == (1, 1)
    assert list(core.stripe.saved) == ["customer:alice:1", "checkout:ord_00000001:cus_1"]


def test_a_call_that_died_after_the_session_was_attached_is_found(core):
    core.calls.after("attach", raising(StoreUnavailable("no answer")))
    with pytest.raises(StoreUnavailable):
        start(core)
    assert start(core).id == "cs_1"
    assert len(core.stripe.sessions) == 1


def test_an_order_of_a_call_that_died_too_long_ago_is_replaced(core):
    core.calls.after("take", raising(StoreUnavailable("died")))
    with pytest.raises(StoreUnavailable):
        start(core)
    core.clock.time += 22 * HOUR + timedelta(minutes=25)
    start(core)
    assert len(core.tables.orders) == 2


@pytest.mark.parametrize("write", ["take", "attach"])
def test_a_write_that_met_another_transaction_is_tried_again(core, write):
    """It is neither won nor lost: the session must not be ended as somebody else's."""
    core.calls.before(write, lambda: setattr(core.tables, "conflicts", 1))
    session = start(core)
    assert core.calls.count(write) == 2
    assert core.calls.count("expire_session") == 0
    assert core.stripe.open_sessions == [session.id]
    assert core.tables.claims[next(iter(core.tables.claims))].session == session.id
    assert core.clock.slept == [0.025]


def test_a_rival_that_attaches_the_same_session_in_between_has_won_it_for_both(core):
    rival: list[OpenSession] = []

    def conflict():
        core.tables.conflicts = 1

    def overtaken():
        rival.append(start(core))
        core.tables.conflicts = 1

    core.calls.before("attach", conflict, overtaken, lambda: None)  # the third is the rival's own
    assert [start(core)] == rival
    assert core.calls.count("attach") == 4
    assert core.calls.count("expire_session") == 0
    assert core.stripe.open_sessions == [rival[0].id]


def test_a_stalled_call_whose_generation_is_gone_ends_its_own_session_and_hands_out_nothing(core):
    """F60: another tab has chosen another plan in the meantime, and that one stands."""
    taken_over: list[OpenSession] = []
    core.calls.after("create_session", lambda: taken_over.append(start(core, "team_yearly")))
    with pytest.raises(CheckoutConflict) as told:
        start(core, "pro_monthly")
    assert told.value.ids == {"user_id": ALICE}
    assert core.stripe.sessions[SessionId("cs_1")].status == "expired"
    assert core.stripe.open_sessions == [taken_over[0].id]
    assert core.tables.claims[SLOT].session == taken_over[0].id


def test_a_session_that_is_attached_while_another_plan_takes_the_slot_is_ended_first(core):
    """F45, F60: the claim is read without a session, and has one when the slot is taken: two could be paid."""
    core.calls.after("take", raising(StoreUnavailable("stalled")))
    with pytest.raises(StoreUnavailable):
        start(core, "pro_monthly")
    core.calls.before("take", lambda: start(core, "pro_monthly"))  # the stalled one goes on
    assert start(core, "team_yearly").id == "cs_2"
    assert core.stripe.open_sessions == ["cs_2"]


def test_a_session_that_a_converge_has_stored_first_is_given_up_for_a_new_order(core):
    """It was expired at Stripe by somebody, and that event came before the session was attached."""

    def meanwhile():
        session = core.stripe.sessions[SessionId("cs_1")]
        core.stripe.sessions[session.id] = replace(session, status="expired")
        converge(ALICE, touched_session(session.id), [], "event_consumer", core.converge)

    core.calls.after("create_session", meanwhile)
    assert start(core).id == "cs_2"
    assert core.stripe.open_sessions == ["cs_2"]


def test_it_gives_up_after_bounded_turns(core):
    """Each time it comes to take the slot, another tab was faster, and its session has ended already."""
    start(core, "credits_90")  # the customer is there
    core.calls.made.clear()
    busy: list[OpenSession] = []

    def faster():
        busy.append(start(core))
        core.stripe.expire_session(busy[-1].id)

    core.calls.before("take", *[act for _ in range(4) for act in (faster, lambda: None)])
    with pytest.raises(CheckoutConflict) as told:
        start(core)
    assert told.value.ids == {"user_id": ALICE}
    assert len(core.stripe.sessions) == 1 + len(busy) == 5
    assert core.stripe.open_sessions == ["cs_1"]


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "made"])
def test_a_second_click_waits_for_the_session_that_the_first_is_making(core, attached):
    """F45: Stripe answers the second request of the order's key 409 while it is at the first."""
    first: list[OpenSession] = []

    def meets():
        first.append(start(core) if attached else core.checkout.stripe.create_session(*asked()))
        raise StripeKeyInUse("in use", status=409)

    def asked():
        (order,) = core.tables.orders.values()
        return order, CustomerId("cus_1"), f"checkout:{order.id}:cus_1"

    core.calls.before("create_session", meets, lambda: None)
    assert [start(core).id] == [session.id for session in first] == ["cs_1"]
    assert core.clock.slept == [0.1]
    assert core.calls.count("expire_session") == 0
    assert core.stripe.open_sessions == ["cs_1"]


def test_a_session_that_another_click_is_making_for_too_long_is_a_conflict_and_no_outage(core):
    core.calls.broken["create_session"] = StripeKeyInUse("in use", status=409)
    with pytest.raises(CheckoutConflict) as told:
        start(core)
    assert told.value.ids == {"user_id": ALICE}
    assert core.calls.count("create_session") == 4
    assert core.clock.slept == [0.1, 0.2, 0.4]
    del core.calls.broken["create_session"]
    assert start(core).id == "cs_1", "and the next click resumes the order"
    assert len(core.tables.orders) == 1


def test_a_write_that_meets_other_transactions_every_time_gives_up_after_bounded_waits(core):
    start(core, "credits_90")
    core.calls.made.clear()
    core.tables.conflicts = 100
    with pytest.raises(Contention):
        start(core)
    assert core.calls.count("take") == 5
    assert core.clock.slept == [0.025, 0.05, 0.1, 0.2]  # half of the limit: FakeRandomness
    assert core.calls.count("create_session") == 0


# ------------------------------------------------------------------------------------------------------- subscriptions


def test_a_second_plan_ends_the_open_session_of_the_first(core):
    """Money rule 22."""
    first = start(core, "pro_monthly")
    core.calls.made.clear()
    second = start(core, "team_yearly")
    assert core.stripe.open_sessions == [second.id]
    assert core.tables.purchases[PurchaseKey(first.id)].state is PurchaseState.EXPIRED
    made = core.calls.made
    assert made.index("expire_session") < made.index("create_session")


def test_a_plan_that_was_paid_a_moment_ago_is_a_409_and_granted(core):
    core.stripe.pay(start(core, "pro_monthly").id)
    with pytest.raises(SubscriptionExists):
        start(core, "team_yearly")
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    assert {entry.actor for entry in core.tables.entries(ALICE)} == {"create_checkout"}
    assert core.stripe.open_sessions == []
    assert core.cache.accounts[ALICE].level == "PRO"


def test_a_plan_that_stripe_does_not_tell_of_is_not_taken_for_unpaid(core):
    """Money rule 22: what was paid a moment ago can't be read, and a second plan waits until it can."""
    core.stripe.pay(start(core, "pro_monthly").id)
    core.calls.before("snapshot", raising(StripeUnavailable("busy")))
    with pytest.raises(StripeUnavailable):
        start(core, "team_yearly")
    assert core.stripe.open_sessions == []


@pytest.mark.parametrize("lookup_key", ["pro_monthly", "team_yearly"])
def test_a_plan_that_was_paid_and_recorded_since_the_account_was_read_is_a_409(core, lookup_key):
    """Money rule 22: the webhook's converge comes between this call's read of the account and that of the claim."""
    first = start(core, "pro_monthly")

    def recorded():
        core.stripe.pay(first.id)
        converge(ALICE, touched_session(first.id), [], "event_consumer", core.converge)

    core.calls.before("claim", recorded)
    with pytest.raises(SubscriptionExists):
        start(core, lookup_key)
    assert core.stripe.open_sessions == []


def test_a_plan_that_is_being_paid_is_a_409(core):
    core.stripe.begin_debit(start(core, "pro_monthly").id)
    with pytest.raises(SubscriptionExists, match="being processed"):
        start(core, "team_yearly")
    core.calls.made.clear()
    with pytest.raises(SubscriptionExists, match="being processed") as told:
        start(core, "pro_monthly")  # now that our own records say so, without asking to end it
    assert told.value.ids == {"user_id": ALICE}
    assert core.calls.count("expire_session") == 0


@pytest.mark.parametrize("status", ["trialing", "active", "past_due", "unpaid", "paused"])
def test_a_live_subscription_is_a_409_before_anything_is_made(core, status):
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription(status=status)
    core.deliver_change()
    with pytest.raises(SubscriptionExists) as refused:
        start(core, "team_yearly")
    assert refused.value.ids == {"user_id": "alice", "subscription_id": "sub_1"}
    assert core.tables.claims == {}


def test_a_subscription_that_was_never_paid_stands_in_nobodys_way(core):
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription(status="incomplete")
    core.deliver_change()
    assert start(core, "team_yearly").id == "cs_1"


def test_a_live_subscription_does_not_stand_in_the_way_of_a_pack(core):
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription()
    core.deliver_change()
    assert start(core).id == "cs_1"


def test_after_a_subscription_has_ended_another_one_may_begin(core):
    session = start(core, "pro_monthly")
    core.stripe.pay(session.id)
    (name,) = core.stripe.subscriptions
    core.stripe.subscriptions[name] = replace(core.stripe.subscriptions[name], status="canceled")
    assert start(core, "pro_monthly").id == "cs_2"
    assert core.stripe.prices[PRO_MONTHLY.id].interval == "month"


def test_a_session_that_can_be_neither_paid_for_sure_nor_ended_is_not_doubled(core):
    """Stripe refuses to end it, and yet says that it is open: two payable sessions are worse than an answer of 409."""
    start(core, "pro_monthly")
    core.calls.before("expire_session", lambda: core.stripe.stubborn.add(SessionId("cs_1")))
    with pytest.raises(CheckoutConflict) as told:
        start(core, "team_yearly")
    assert told.value.ids == {"user_id": ALICE}
    assert len(core.stripe.sessions) == 1


def test_nor_is_one_of_a_pack_whose_time_is_nearly_over(core):
    start(core)
    (claim,) = core.tables.claims.values()
    core.clock.time = claim.expires_at
    core.calls.before("expire_session", lambda: core.stripe.stubborn.add(SessionId("cs_1")))
    with pytest.raises(CheckoutConflict, match="can't be ended"):
        start(core)
    assert len(core.stripe.sessions) == 1


# ------------------------------------------------------------------------------------------------------------ customers


def test_a_customer_that_was_deleted_in_stripe_is_replaced(core):
    """F44, money rule 23."""
    start(core)
    core.stripe.deleted.add(CustomerId("cus_1"))
    session = start(core, "credits_90")
    assert core.stripe.sessions[session.id].customer == "cus_2"
    account = core.account()
    assert (account.customer, account.deleted_customers, account.customer_generation) == ("cus_2", ("cus_1",), 2)
    assert list(core.stripe.saved)[2:] == ["customer:alice:2", "checkout:ord_00000002:cus_2"]


def test_stripe_down_hands_out_nothing(core):
    core.calls.broken["price"] = StripeUnavailable("down")
    with pytest.raises(StripeUnavailable):
        start(core)
    assert core.tables.orders == {}


def test_the_session_of_a_plan_is_kept_apart_from_the_catalog_of_today(core):
    start(core, "team_yearly")
    assert core.tables.orders[next(iter(core.tables.orders))].lines[0].gives == TEAM_YEARLY.gives
    assert core.tables.claims[SLOT].expires_at == NOW + DAY - HOUR
    assert core.tables.claims[SLOT].taken_at == NOW
