"""What Stripe knows better than our records: customers that are gone, sessions that were paid, keys that are spent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import CustomerId, PurchaseKey, SessionId, UserId
from billing.domain.purchase import PurchaseState
from billing.errors import CheckoutConflict, PriceUnavailable, StripeRefused, StripeUnavailable, SubscriptionExists
from billing.ports.stripe import OpenSession
from billing.services.converge import converge, touched_session
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, CUSTOMER, PRO_MONTHLY, a_price, a_subscription
from tests.fakes.world import raising

HOUR = timedelta(hours=1)
TYPO = "entitlement_level 'PORO' is none of PRO, TEAM"


def start(core: Core, lookup_key: str = "credits", user: UserId = ALICE) -> OpenSession:
    return start_checkout(a_request(lookup_key, user=user), core.checkout)


# -------------------------------------------------------------------------------------- paid, but not what was ordered


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("lookup_key", ["credits", "pro_30"])
def test_what_was_paid_but_not_ordered_is_looked_at_by_a_person_before_it_is_sold_again(core, lookup_key, told_first):
    """F46. A second session would take the money twice from somebody who has nothing for it yet."""
    first = start(core, lookup_key)
    core.stripe.pay(first.id, currency="usd")
    if told_first:
        assert core.deliver(a_notice(customer="cus_1")) == frozenset()
        assert core.outcomes() == {"evt_1": "QUARANTINED"}
        assert core.cache.done == set()
    for _ in range(2):
        with pytest.raises(CheckoutConflict, match="being looked at") as told:
            start(core, lookup_key)
        assert told.value.ids == {"user_id": ALICE}
    assert list(core.stripe.sessions) == [first.id]
    assert core.tables.purchases[PurchaseKey(first.id)].state is PurchaseState.REFUSED
    assert (core.granted(), core.account().levels) == ([], ())


def test_it_blocks_no_other_order_and_none_for_ever(core):
    core.stripe.pay(start(core).id, currency="usd")
    with pytest.raises(CheckoutConflict):
        start(core)
    assert start(core, "credits_90").id == "cs_2"
    core.clock.time = max(claim.expires_at for claim in core.tables.claims.values())
    assert start(core).id == "cs_3"


# ----------------------------------------------------------------------------------------------------------- customers


def test_what_was_lost_with_a_customer_is_booked_before_there_is_another(core):
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription()
    core.deliver_change()
    assert core.cache.accounts[ALICE].level == "PRO"
    core.stripe.deleted.add(CUSTOMER)
    start(core)
    assert core.cache.accounts[ALICE].level == "FREE", "no event of the customer will come to tell the cache"
    assert [entry.actor for entry in core.tables.entries(ALICE)] == ["event_consumer", "create_checkout"]


@pytest.mark.parametrize("looked_before", [True, False])
def test_a_customer_that_stripe_does_not_know_is_replaced_by_the_next_generation(core, looked_before):
    """Test data can be deleted as a whole; Stripe then refuses to list its subscriptions, too. Money rule 23."""
    core.has_customer()
    if looked_before:
        core.deliver_change()
    core.stripe.missing.add(CUSTOMER)
    session = start(core, "pro_monthly")
    assert core.stripe.sessions[session.id].customer == "cus_2"
    account = core.account()
    assert (account.customers, account.deleted_customers, account.customer_generation) == (("cus_2",), (CUSTOMER,), 2)
    assert list(core.stripe.saved) == ["customer:alice:2", "checkout:ord_00000001:cus_2"]
    core.calls.made.clear()
    start(core, "credits")
    assert core.calls.count("create_customer") == 0


def test_a_customer_that_is_gone_under_a_session_of_ours_is_replaced(core):
    """Ending the old session needs a converge, which Stripe refuses as well."""
    first = start(core, "pro_monthly")
    core.stripe.missing.add(CustomerId("cus_1"))
    core.stripe.sessions[first.id] = replace(core.stripe.sessions[first.id], status="expired")
    session = start(core, "pro_monthly")
    assert core.stripe.sessions[session.id].customer == "cus_2"
    assert core.stripe.open_sessions == [session.id]


def test_only_the_customers_that_are_gone_are_given_up(core):
    core.has_customer()
    old = CustomerId("cus_old")
    core.tables.accounts[ALICE] = replace(core.account(), customers=(old, CUSTOMER))
    core.stripe.missing.add(old)
    assert core.stripe.sessions[start(core).id].customer == CUSTOMER
    assert (core.account().customers, core.account().deleted_customers) == ((CUSTOMER,), (old,))


@pytest.mark.parametrize("lookup_key", ["pro_monthly", "team_yearly"])
def test_the_first_checkout_looks_at_what_the_customer_has_at_stripe(core, lookup_key):
    """Money rule 9: what was parked before the customer had an owner may wait for days, and a plan is sold now."""
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription()
    with pytest.raises(SubscriptionExists):
        start(core, lookup_key)
    assert core.tables.claims == {}
    assert core.account().access is not None


def test_later_checkouts_rely_on_what_was_told(core):
    start(core)
    assert core.calls.count("snapshot") == 1
    core.calls.made.clear()
    start(core, "pro_monthly")
    assert core.calls.count("snapshot") == 0


# ------------------------------------------------------------------------------------------------- keys and parameters


def test_a_key_that_stands_for_other_parameters_is_left_behind_with_its_order(core):
    """The call died when Stripe had the request, and a deploy has changed a URL that is in it."""
    core.calls.after("create_session", raising(StripeUnavailable("died")))
    with pytest.raises(StripeUnavailable):
        start(core)
    core.stripe.return_page = "https://shop.example.com"
    session = start(core)
    (claim,) = core.tables.claims.values()
    assert (claim.generation, claim.order, claim.session) == (2, "ord_00000002", session.id)
    assert session == start(core)  # the one that can be paid: nobody was ever told of the other one
    assert set(core.tables.purchases) == {PurchaseKey(session.id)}
    assert session.id == "cs_2"


def test_a_call_that_wakes_up_after_its_key_was_left_behind_ends_its_own_session(core):
    answers: list[OpenSession] = []

    def deploy():
        core.stripe.return_page = "https://shop.example.com"
        answers.append(start(core))

    core.calls.after("create_session", deploy)
    with pytest.raises(CheckoutConflict):
        start(core)
    assert core.stripe.open_sessions == [answers[0].id] == [SessionId("cs_2")]


# ----------------------------------------------------------------------------------------------------------- the price


@pytest.mark.parametrize("param", [None, "line_items", "line_items[0]"])
def test_what_stripe_refuses_to_sell_is_a_price_that_is_unavailable(core, param):
    """An amount below Stripe's least, a currency that the account can't take: the buyer can only choose another one."""
    refused = StripeRefused("Stripe refused the request", stripe_code="amount_too_small", param=param)
    core.calls.broken["create_session"] = refused
    with pytest.raises(PriceUnavailable) as raised:
        start(core)
    ids = {"price_id": "price_credits", "stripe_code": "amount_too_small", "param": param}
    assert raised.value.ids == {name: value for name, value in ids.items() if value is not None}
    assert core.calls.count("create_session") == 1
    assert [line.level for line in core.log.lines if line.message == "stripe refused the session"] == ["warning"]
    del core.calls.broken["create_session"]
    assert start(core).id == "cs_1"


@pytest.mark.parametrize("status", ["active", "past_due"])
def test_a_typo_in_the_metadata_takes_no_plan_away_and_sells_no_more(core, status):
    session = start(core, "pro_monthly")
    core.stripe.pay(session.id)
    converge(ALICE, touched_session(session.id), [], "event_consumer", core.converge)
    (name,) = core.stripe.subscriptions
    core.stripe.subscriptions[name] = replace(core.stripe.subscriptions[name], status=status)
    core.stripe.prices[PRO_MONTHLY.id] = a_price("pro_monthly", 1200, "month", problem=TYPO)
    core.deliver(a_notice("customer.subscription.updated", customer="cus_1", related={"subscription": name}))
    (state,) = core.account().subscriptions
    assert (state.status, state.plan, state.level) == (status, "pro", "PRO")
    assert core.cache.accounts[ALICE].level == "PRO"
    with pytest.raises(PriceUnavailable, match="not set up correctly"):
        start(core, "pro_monthly", UserId("bob"))
