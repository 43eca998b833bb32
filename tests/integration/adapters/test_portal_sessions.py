"""Portal sessions by the official SDK against the stand-in: what it accepts, and how it refuses."""

from __future__ import annotations

import pytest

from billing.adapters.stripe_api.portal import StripePortalSessions
from billing.domain.ids import CustomerId, SubscriptionId
from billing.errors import PortalFlowUnavailable, PortalNotConfigured, StripeRefused
from billing.ports.stripe import PortalFlow
from tests.integration.adapters.stripe_side import APP, StripeSide


@pytest.fixture
def begun(side: StripeSide) -> tuple[CustomerId, SubscriptionId]:
    customer, _ = side.bought(side.price(interval="month"), mode="subscription")
    listed = side.v1.subscriptions.list({"customer": customer})
    return customer, SubscriptionId(listed.data[0].id)


def configuration(side: StripeSide, **features: bool) -> str:
    wanted = {name: {"enabled": enabled} for name, enabled in features.items()}
    made = side.v1.billing_portal.configurations.create({"features": wanted})  # type: ignore[typeddict-item]
    return made.id


def test_until_its_settings_are_saved_the_portal_is_not_configured(
    side: StripeSide, begun: tuple[CustomerId, SubscriptionId]
) -> None:
    """In Stripe's own words; then the dashboard saves them (the control API plays it), and it opens."""
    portal = StripePortalSessions(side.sdk, APP, None)
    with pytest.raises(PortalNotConfigured):
        portal.open_portal(begun[0], None, None)
    side.control("portal_settings", features={"invoice_history": {"enabled": True}})
    assert portal.open_portal(begun[0], None, "de").startswith(side.url)


@pytest.mark.parametrize("flow", ["payment_method_update", "subscription_cancel"])
def test_a_flow_is_open_where_the_configuration_offers_it(
    side: StripeSide, begun: tuple[CustomerId, SubscriptionId], flow: str
) -> None:
    customer, subscription = begun
    wanted = PortalFlow(flow, subscription if flow != "payment_method_update" else None)
    offers = StripePortalSessions(side.sdk, APP, configuration(side, **{flow: True}))
    assert offers.open_portal(customer, wanted, None).startswith(side.url)
    lacks = StripePortalSessions(side.sdk, APP, configuration(side, invoice_history=True))
    with pytest.raises(PortalFlowUnavailable):
        lacks.open_portal(customer, wanted, None)


def test_somebody_elses_subscription_is_no_flow_of_this_customer(
    side: StripeSide, begun: tuple[CustomerId, SubscriptionId]
) -> None:
    """S07, a second time: Stripe refuses what the service would never ask."""
    portal = StripePortalSessions(side.sdk, APP, configuration(side, subscription_cancel=True))
    with pytest.raises(PortalFlowUnavailable):
        portal.open_portal(side.customer(), PortalFlow("subscription_cancel", begun[1]), None)


def test_a_configuration_that_is_not_there_is_no_portal(
    side: StripeSide, begun: tuple[CustomerId, SubscriptionId]
) -> None:
    with pytest.raises(PortalNotConfigured):
        StripePortalSessions(side.sdk, APP, "bpc_none").open_portal(begun[0], None, None)


def test_a_customer_that_is_gone_is_told_apart(side: StripeSide) -> None:
    portal = StripePortalSessions(side.sdk, APP, configuration(side, invoice_history=True))
    with pytest.raises(StripeRefused) as refused:
        portal.open_portal(CustomerId("cus_none"), None, None)
    assert refused.value.param == "customer"
