"""The customer portal: only ever the caller's own (S07), and straight to what the caller wants to do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.account import Account
from billing.domain.ids import CustomerId, InvoiceId, SubscriptionId
from billing.errors import (
    StripeRefused,
    StripeUnavailable,
    SubscriptionAmbiguous,
    SubscriptionCanceling,
    SubscriptionNotFound,
)
from billing.ports.stripe import FoundCustomer, PortalFlow
from billing.services.open_portal import PortalRequest, open_portal
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import ALICE, BOB, CUSTOMER, NOW, a_subscription, an_invoice
from tests.fakes.world import raising

SUB = SubscriptionId("sub_1")


def subscribed(core: Core, **given: Any) -> None:
    core.has_customer()
    core.stripe.subscriptions[SUB] = a_subscription(**given)
    core.deliver_change()


def want(flow: str | None = None, **given: object) -> PortalRequest:
    return replace(PortalRequest(ALICE, "alice@example.com", flow), **given)  # type: ignore[arg-type]


def test_who_has_no_customer_gets_one_first(core):
    """As before a checkout: a user may want to save a payment method before buying anything."""
    assert open_portal(want(locale="de"), core.portal) == "https://billing.stripe.test/p/session/1"
    assert core.stripe.customers == {"cus_1": (ALICE, "alice@example.com")}
    assert core.plans.opened == [("cus_1", None, "de")]
    assert core.metrics.counts["PortalSessions{kind=front_page}"] == 1


def test_a_customer_that_is_there_costs_one_read_and_the_session(core):
    subscribed(core)
    open_portal(want("payment_method_update"), core.portal)
    assert core.plans.opened == [(CUSTOMER, PortalFlow("payment_method_update"), None)]
    assert core.calls.made == ["load", "open_portal"]


def test_a_flow_is_opened_for_the_customer_that_has_the_subscription(core):
    """Stripe opens none about a subscription of another customer."""
    subscribed(core)
    core.tables.accounts[ALICE] = replace(core.account(), customers=(CUSTOMER, CustomerId("cus_newer")))
    open_portal(want("subscription_cancel"), core.portal)
    assert core.plans.opened == [(CUSTOMER, PortalFlow("subscription_cancel", SUB), None)]


@pytest.mark.parametrize("flow", ["subscription_cancel", "subscription_update"])
@pytest.mark.parametrize("named", [None, SUB])
def test_a_flow_opens_on_the_subscription_that_it_is_about(core, flow, named):
    subscribed(core)
    open_portal(want(flow, subscription=named, locale="de"), core.portal)
    assert core.plans.opened == [(CUSTOMER, PortalFlow(flow, SUB), "de")]


def test_a_subscription_that_no_webhook_has_told_of_is_found(core):
    core.has_customer()
    core.stripe.subscriptions[SUB] = a_subscription()
    open_portal(want("subscription_cancel"), core.portal)
    assert core.plans.opened == [(CUSTOMER, PortalFlow("subscription_cancel", SUB), None)]
    assert {entry.actor for entry in core.tables.entries(ALICE)} == {"subscriptions"}
    cached = core.cache.accounts[ALICE]
    assert (cached.level, cached.at) == ("PRO", core.clock.now()), "what is cached would hide it for an hour"


def test_the_one_that_is_named_is_found_though_there_is_another(core):
    subscribed(core)
    later = SubscriptionId("sub_2")
    core.stripe.subscriptions[later] = a_subscription(id=later)
    open_portal(want("subscription_cancel", subscription=later), core.portal)
    assert core.plans.opened == [(CUSTOMER, PortalFlow("subscription_cancel", later), None)]


def test_somebody_elses_subscription_is_not_found(core):
    """S07."""
    subscribed(core)
    core.has_customer(BOB, CustomerId("cus_bob"))
    with pytest.raises(SubscriptionNotFound):
        open_portal(want("subscription_cancel", user=BOB, subscription=SUB), core.portal)
    assert core.plans.opened == []


def test_of_several_subscriptions_one_must_be_named(core):
    subscribed(core)
    core.stripe.subscriptions[SubscriptionId("sub_2")] = a_subscription(id=SubscriptionId("sub_2"))
    core.deliver_change("evt_two")
    with pytest.raises(SubscriptionAmbiguous):
        open_portal(want("subscription_update"), core.portal)


def test_one_that_was_never_paid_does_not_stand_in_the_way(core):
    subscribed(core)
    failed = SubscriptionId("sub_2")
    core.stripe.subscriptions[failed] = a_subscription(id=failed, status="incomplete")
    core.deliver_change("evt_two")
    open_portal(want("subscription_cancel"), core.portal)
    open_portal(want("subscription_cancel", subscription=failed), core.portal)
    assert [flow.subscription for _, flow, _ in core.plans.opened if flow] == [SUB, failed]


@pytest.mark.parametrize("ending", [{"cancel_at_period_end": True}, {"cancel_at": NOW + timedelta(days=9)}])
def test_what_ends_already_is_not_canceled_again(core, ending):
    """Stripe would refuse that without saying why; the front page has the button that keeps it."""
    subscribed(core, **ending)
    with pytest.raises(SubscriptionCanceling) as told:
        open_portal(want("subscription_cancel"), core.portal)
    assert told.value.ids == {"subscription_id": SUB}
    open_portal(want(), core.portal)
    assert core.plans.opened == [(CUSTOMER, None, None)]


def test_of_several_customers_the_one_that_pays_is_shown(core):
    subscribed(core)
    core.tables.accounts[ALICE] = replace(core.account(), customers=(CUSTOMER, CustomerId("cus_newer")))
    open_portal(want(), core.portal)
    assert core.plans.opened == [(CUSTOMER, None, None)]


def test_a_customer_that_is_no_longer_the_users_is_not_shown(core):
    """Stripe has deleted it, and what it had speaks until the account has looked again."""
    subscribed(core)
    newer = CustomerId("cus_newer")
    core.tables.accounts[ALICE] = replace(core.account(), customers=(newer,), deleted_customers=(CUSTOMER,))
    open_portal(want(), core.portal)
    assert core.plans.opened == [(newer, None, None)]


def test_of_several_customers_the_one_that_owes_is_shown(core):
    core.stripe.invoices[an_invoice().id] = an_invoice()
    subscribed(core, status="past_due", latest_invoice=an_invoice().id)
    core.tables.accounts[ALICE] = replace(core.account(), customers=(CUSTOMER, CustomerId("cus_newer")))
    open_portal(want(), core.portal)
    assert core.plans.opened == [(CUSTOMER, None, None)]


def test_a_customer_that_is_gone_from_stripe_is_replaced(core):
    core.has_customer()
    core.stripe.deleted.add(CUSTOMER)
    core.plans.gone.add(CUSTOMER)
    open_portal(want(), core.portal)
    account: Account = core.account()
    assert (account.deleted_customers, account.customers) == ((CUSTOMER,), ("cus_2",))
    assert core.plans.opened == [("cus_2", None, None)]


def test_what_was_lost_with_a_customer_and_what_was_parked_of_it_is_settled(core):
    subscribed(core)
    paid = an_invoice(id=InvoiceId("in_0"))
    core.stripe.invoices[paid.id] = paid
    core.tables.owners.clear()
    core.deliver(a_notice("invoice.paid", id="evt_parked", related={"invoice": paid.id}))
    core.tables.owners[CUSTOMER] = ALICE
    core.stripe.deleted.add(CUSTOMER)
    core.plans.gone.add(CUSTOMER)
    open_portal(want(), core.portal)
    assert core.outcomes()["evt_parked"] == "APPLIED"
    assert core.account().balance == 100
    assert [entry.actor for entry in core.tables.entries(ALICE)[1:]] == ["subscriptions"] * 2
    assert (core.cache.accounts[ALICE].level, core.cache.accounts[ALICE].balance) == ("FREE", 100)
    assert core.tables.accounts.keys() == {ALICE}


def test_another_refusal_is_not_hidden(core):
    core.has_customer()
    core.calls.before("open_portal", raising(StripeRefused("no", param="return_url")))
    with pytest.raises(StripeRefused):
        open_portal(want(), core.portal)
    assert core.calls.count("open_portal") == 1


def test_a_customer_that_stripe_has_already_is_taken_over_with_what_it_has(core):
    """As before a checkout, where the installation wants that: the account follows before the portal opens."""
    core.stripe.found["alice@example.com"] = [FoundCustomer(CUSTOMER, NOW, None, subscribed=True)]
    core.stripe.subscriptions[SUB] = a_subscription()
    deps = replace(core.portal, adopting=True)
    open_portal(want("subscription_cancel"), deps)
    assert core.account().customers == (CUSTOMER,)
    assert {entry.actor for entry in core.tables.entries(ALICE)} == {"subscriptions"}
    assert core.plans.opened == [(CUSTOMER, PortalFlow("subscription_cancel", SUB), None)]


def test_what_it_has_is_looked_at_also_when_the_first_look_failed(core):
    core.stripe.found["alice@example.com"] = [FoundCustomer(CUSTOMER, NOW, None, subscribed=True)]
    core.stripe.subscriptions[SUB] = a_subscription()
    core.calls.before("snapshot", raising(StripeUnavailable("down")))
    deps = replace(core.portal, adopting=True)
    with pytest.raises(StripeUnavailable):
        open_portal(want("subscription_cancel"), deps)
    open_portal(want("subscription_cancel"), deps)
    assert core.plans.opened == [(CUSTOMER, PortalFlow("subscription_cancel", SUB), None)]
