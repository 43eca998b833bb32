"""Sessions of the customer portal as they go over the wire, and what is understood of Stripe's refusals."""

from __future__ import annotations

from typing import Any

import pytest

from billing.adapters.stripe_api.portal import StripePortalSessions
from billing.domain.ids import SubscriptionId
from billing.errors import (
    PortalFlowUnavailable,
    PortalNotConfigured,
    StripeRefused,
    StripeUnavailable,
)
from billing.ports.stripe import PortalFlow
from tests.fakes.snapshots import CUSTOMER
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.stripe_wire import exchanged, refusal, sent
from tests.unit.billing.adapters.test_stripe_adapter import client

SUB = SubscriptionId("sub_1")
SESSION = {"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.stripe.com/p/session/1"}
BACK = "https://app.example.com/account"


def opened(
    flow: PortalFlow | None = None, locale: str | None = None, configuration: str | None = None, reply: Any = SESSION
) -> tuple[Any, bytes]:
    return exchanged(
        reply,
        lambda url: StripePortalSessions(client(url), "https://app.example.com", configuration).open_portal(
            CUSTOMER, flow, locale
        ),
    )


def test_the_front_page_of_the_portal() -> None:
    url, request = opened()
    assert url == "https://billing.stripe.com/p/session/1"
    assert request.startswith(b"POST /v1/billing_portal/sessions ")
    assert sent(request) == {"customer": CUSTOMER, "return_url": BACK}


def test_a_language_and_a_configuration_are_sent() -> None:
    _, request = opened(locale="pt-BR", configuration="bpc_1")
    assert sent(request) == {
        "customer": CUSTOMER,
        "return_url": BACK,
        "locale": "pt-BR",
        "configuration": "bpc_1",
    }


@pytest.mark.parametrize(
    ("flow", "subscription"),
    [
        ("payment_method_update", None),
        ("payment_method_update", SUB),
        ("subscription_cancel", SUB),
        ("subscription_update", SUB),
        ("subscription_update", None),
    ],
)
def test_a_flow_comes_back_to_the_app_by_itself(flow: str, subscription: SubscriptionId | None) -> None:
    """S12: to a page of the configured origin."""
    _, request = opened(PortalFlow(flow, subscription))
    about = {f"flow_data[{flow}][subscription]": "sub_1"} if subscription and flow != "payment_method_update" else {}
    assert sent(request) == {
        "customer": CUSTOMER,
        "return_url": BACK,
        "flow_data[type]": flow,
        "flow_data[after_completion][type]": "redirect",
        "flow_data[after_completion][redirect][return_url]": BACK,
        **about,
    }


NEVER_SAVED = (
    "No configuration provided and your test mode default configuration has not been created. Provide a configuration "
    "or create your default by saving your customer portal settings in test mode at "
    "https://dashboard.stripe.com/test/settings/billing/portal."
)


@pytest.mark.parametrize("flow", [None, PortalFlow("payment_method_update")])
@pytest.mark.parametrize(
    "error",
    [{"message": NEVER_SAVED}, {"code": "resource_missing", "param": "configuration", "message": "No such one"}],
    ids=["never saved", "no such configuration"],
)
def test_a_portal_that_was_never_set_up_says_so(error: dict[str, Any], flow: PortalFlow | None) -> None:
    raised, _ = opened(flow, reply=refusal(**error))
    assert isinstance(raised, PortalNotConfigured)
    assert raised.ids == ({"setting": "PORTAL_CONFIGURATION"} if "param" in error else {})


@pytest.mark.parametrize("param", ["flow_data[subscription_cancel][subscription]", None])
def test_a_flow_that_the_portal_does_not_offer(param: str | None) -> None:
    raised, _ = opened(PortalFlow("subscription_cancel", SUB), reply=refusal(param=param))
    assert isinstance(raised, PortalFlowUnavailable)
    assert raised.ids == {"customer_id": CUSTOMER, **({"param": param} if param else {})}


@pytest.mark.parametrize("flow", [None, PortalFlow("payment_method_update")])
def test_a_customer_that_is_gone_is_told_apart(flow: PortalFlow | None) -> None:
    """The service makes another one then."""
    raised, _ = opened(flow, reply=refusal(code="resource_missing", param="customer"))
    assert isinstance(raised, StripeRefused)
    assert raised.param == "customer"


def test_a_stripe_that_does_not_answer_is_no_missing_portal() -> None:
    raised, _ = opened(reply=answer('{"error": {"type": "rate_limit_error"}}', "429 Too Many Requests"))
    assert isinstance(raised, StripeUnavailable)
