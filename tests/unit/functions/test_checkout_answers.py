"""What the buyer's app is told by the two functions of a checkout: status codes and words, over a core of fakes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.ids import UserId
from billing.errors import SecretsUnavailable, StripeRefused, StripeUnavailable
from functions.create_checkout import app as create_checkout
from functions.success_sync import app as success_sync
from tests.fakes.core import Core, a_notice
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.snapshots import CREDITS, a_price
from tests.fakes.world import raising

BUYER = UserId("auth0|alice")
PAGE = "https://app.example.com/checkout/return"


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    core = Core()
    monkeypatch.setattr(create_checkout, "checkout_dependencies", lambda: core.checkout)
    monkeypatch.setattr(success_sync, "success_dependencies", lambda: core.sync)
    monkeypatch.setattr(success_sync, "return_page", lambda: PAGE)
    return core


def told(handler: Any, body: dict[str, object]) -> tuple[int, dict[str, Any]]:
    answer = handler(http_event(json.dumps(body), claims={"sub": BUYER}), FakeContext())
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


@pytest.mark.parametrize("error", [KeyError("a bug"), StripeUnavailable("down")], ids=["a bug", "Stripe down"])
def test_a_buyer_who_has_paid_gets_to_the_app_whatever_fails(core: Core, error: Exception) -> None:
    """F05: the page asks again with the buyer's token, and the webhook is on its way."""
    session = start(core)[1]["sessionId"]
    core.stripe.pay(session)
    core.calls.broken["snapshot"] = error
    assert returned(session) == (303, f"{PAGE}?session_id={session}")
    assert core.granted(BUYER) == []


@pytest.mark.parametrize(
    ("error", "code"), [(SecretsUnavailable("no answer"), "unavailable"), (KeyError("a bug"), "internal")]
)
def test_a_buyer_gets_to_the_app_when_not_even_the_secrets_can_be_read_and_somebody_is_told(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(success_sync, "success_dependencies", raising(error))
    monkeypatch.setattr(success_sync, "return_page", lambda: PAGE)
    assert returned("cs_1") == (303, f"{PAGE}?session_id=cs_1")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines if line.get("message") == "request failed"] == ["ERROR"]
    assert [(line["code"], line["RequestsFailed"]) for line in lines if "RequestsFailed" in line] == [(code, [1.0])]


@pytest.mark.parametrize("session", ["", "cs_1&next=x", "cs_1\n", "https://evil.example.com", "cs_1/../x"])
def test_what_is_no_session_does_not_get_into_the_address(core: Core, session: str) -> None:
    """S12."""
    assert returned(session) == (303, PAGE)
    assert core.calls.made == []


def test_the_app_must_show_a_token_whatever_its_address_holds(core: Core) -> None:
    event = http_event("{}", query={"session_id": "cs_1"}) | {"routeKey": "POST /checkout/success"}
    assert success_sync.lambda_handler(event, FakeContext())["statusCode"] == 401


def test_the_redirect_itself_makes_the_account_match(core: Core) -> None:
    """F06."""
    session = start(core)[1]["sessionId"]
    core.stripe.pay(session)
    assert returned(session) == (303, f"{PAGE}?session_id={session}")
    assert core.granted(BUYER) == [("PURCHASE", 500)]


@pytest.mark.parametrize(
    ("named", "price"),
    [
        ({"priceId": "price_credits"}, "price_credits"),
        ({"lookupKey": "pro_30"}, "price_pro_30"),
        ({"plan": "team", "interval": "year"}, "price_team_yearly"),
        ({"entitlementLevel": "TEAM"}, "price_team_yearly"),
    ],
)
def test_a_price_is_found_however_it_is_named(core: Core, named: dict[str, object], price: str) -> None:
    assert told(create_checkout.lambda_handler, named)[0] == 201
    assert [line.price_id for order in core.tables.orders.values() for line in order.lines] == [price]


def test_the_level_that_was_bought_is_told_as_of_now(core: Core) -> None:
    session = told(create_checkout.lambda_handler, {"lookupKey": "pro_30"})[1]["sessionId"]
    core.stripe.pay(session)
    assert told(success_sync.lambda_handler, {"sessionId": session})[1]["entitlements"]["level"] == "PRO"
    core.clock.time += timedelta(days=31)
    assert told(success_sync.lambda_handler, {"sessionId": session})[1]["entitlements"]["level"] == "FREE"


def test_a_payment_that_takes_days_is_processing(core: Core) -> None:
    session = start(core)[1]["sessionId"]
    core.stripe.begin_debit(session)
    status, answer = told(success_sync.lambda_handler, {"sessionId": session})
    assert (status, answer["status"]) == (202, "processing")
    core.stripe.pay(session)
    status, answer = told(success_sync.lambda_handler, {"sessionId": session})
    assert (status, answer["credits"]["balance"]) == (200, 500)


def returned(session: str) -> tuple[int, str]:
    """What Stripe's redirect is answered: status, and where to."""
    event = http_event("", query={"session_id": session}) | {"routeKey": "GET /checkout/success"}
    answer = success_sync.lambda_handler(event, FakeContext())
    return answer["statusCode"], answer["headers"]["location"]


def test_an_embedded_page_is_answered_by_its_secret(core: Core) -> None:
    body: dict[str, object] = {
        "items": [{"lookupKey": "credits", "quantity": 2}, {"plan": "pro_pack"}],
        "uiMode": "embedded",
    }
    core.stripe.prices |= {price.id: price for price in (a_price("pack", 900, credits=5, plan="pro_pack"),)}
    status, answer = told(create_checkout.lambda_handler, body)
    assert (status, answer) == (
        201,
        {"sessionId": "cs_1", "url": None, "clientSecret": "cs_1_secret", "expiresAt": "2026-11-22T09:00:00Z"},
    )
    (order,) = core.tables.orders.values()
    assert [(line.price_id, line.quantity) for line in order.lines] == [("price_credits", 2), ("price_pack", 1)]


def test_the_buyers_language_and_currency_go_into_the_order(core: Core) -> None:
    core.stripe.prices[CREDITS.id] = replace(CREDITS, options={"usd": 550})
    body: dict[str, object] = {"lookupKey": "credits", "locale": "de", "currency": "usd"}
    assert told(create_checkout.lambda_handler, body)[0] == 201
    [order] = core.tables.orders.values()
    assert (order.terms.locale, order.currency, order.lines[0].unit_amount) == ("de", "usd", 550)


def test_only_a_verified_address_goes_into_the_order_and_none_into_the_log(
    core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token's, and only if the issuer says that it was verified: nobody else's mail may get there."""
    for number, verified in enumerate(("true", "false"), 1):
        claims = {"sub": f"user{number}", "email": "a@example.com", "email_verified": verified}
        create_checkout.lambda_handler(http_event('{"lookupKey": "credits"}', claims=claims), FakeContext())
    assert {order.user: order.email for order in core.tables.orders.values()} == {
        "user1": "a@example.com",
        "user2": None,
    }
    assert "a@example.com" not in capsys.readouterr().out


def test_several_prices_of_a_plan_are_answered_as_a_choice(core: Core) -> None:
    yearly = a_price("pro_yearly", 12000, "year", level="PRO", plan="pro")
    core.stripe.prices[yearly.id] = yearly
    status, answer = told(create_checkout.lambda_handler, {"plan": "pro"})
    assert (status, answer["error"]["code"]) == (409, "ambiguous_price")
    assert [item["priceId"] for item in answer["error"]["candidates"]] == ["price_pro_monthly", "price_pro_yearly"]
    assert told(create_checkout.lambda_handler, {"plan": "pro", "interval": "year"})[0] == 201


@pytest.mark.parametrize("handler", [create_checkout.lambda_handler, success_sync.lambda_handler])
def test_a_machine_may_not(core: Core, handler: Any) -> None:
    """S07: its token's subject is no buyer, and it may name none here."""
    claims = {"sub": "worker", "scope": "billing:spend billing:read"}
    answer = handler(http_event(json.dumps({"lookupKey": "credits"}), claims=claims), FakeContext())
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (403, "forbidden")
    assert core.calls.made == []
