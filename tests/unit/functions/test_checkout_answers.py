"""What the buyer's app is told by the two functions of a checkout: status codes and words, over a core of fakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing.bootstrap.success_sync import SuccessWorld
from billing.errors import StripeRefused, StripeUnavailable
from functions.create_checkout import app as create_checkout
from functions.success_sync import app as success_sync
from tests.fakes.core import Core, a_notice
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.world import raising


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    core = Core()
    world = SuccessWorld(core.sync, "https://app.example.com/checkout/return")
    monkeypatch.setattr(create_checkout, "checkout_dependencies", lambda: core.checkout)
    monkeypatch.setattr(success_sync, "success_dependencies", lambda: world)
    return core


def told(handler: Any, body: dict[str, object]) -> tuple[int, dict[str, Any]]:
    answer = handler(http_event(json.dumps(body), claims={"sub": "auth0|alice"}), FakeContext())
    return answer["statusCode"], json.loads(answer["body"])


def start(core: Core) -> tuple[int, dict[str, Any]]:
    return told(create_checkout.lambda_handler, {"lookupKey": "credits"})


def test_a_checkout_goes_on_when_a_setting_has_changed_since_it_died(core: Core) -> None:
    core.calls.after("create_session", raising(StripeUnavailable("died")))
    assert start(core)[0] == 503
    core.stripe.return_page = "https://shop.example.com"
    status, answer = start(core)
    assert (status, answer["sessionId"]) == (201, "cs_2")
    assert answer["url"] == "https://checkout.stripe.test/cs_2"


def test_what_stripe_does_not_sell_is_no_fault_of_ours(core: Core) -> None:
    refused = StripeRefused("Stripe refused the request", stripe_code="amount_too_small", param="line_items")
    core.calls.broken["create_session"] = refused
    status, answer = start(core)
    assert (status, answer["error"]["code"]) == (422, "price_unavailable")


def test_what_was_paid_but_not_ordered_is_under_review(core: Core) -> None:
    session = start(core)[1]["sessionId"]
    core.stripe.pay(session, currency="usd")
    core.deliver(a_notice(customer="cus_1"))
    for _ in range(2):
        status, answer = told(success_sync.lambda_handler, {"sessionId": session})
        assert (status, answer["status"], answer["purchase"]["creditsGranted"]) == (200, "review", 0)
        assert answer["credits"]["balance"] == 0
    status, answer = start(core)
    assert (status, answer["error"]["code"]) == (409, "conflict")
