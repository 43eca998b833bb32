"""What Stripe is told of an order: by the settings that were frozen into it, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe

from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.session_params import ReturnPages, session_params
from billing.domain.ids import CustomerId
from billing.domain.order import Order, OrderLine
from billing.domain.terms import Terms
from tests.fakes.snapshots import CREDITS, CUSTOMER, NOW, PRO_MONTHLY, TEAM_YEARLY, a_price, an_order
from tests.unit.billing.adapters.http_servers import answer, bad_server

PAGES = ReturnPages("https://api.example.com/checkout/success", "https://app.example.com/checkout/canceled")
PACK, PLAN = an_order(CREDITS), an_order(PRO_MONTHLY)
TOLD = {"user_id": "alice", "order_id": "ord_1", "correlation_id": "ord_1"}
EXPIRES = int(NOW.timestamp())


def params(order: Order, **terms: Any) -> Any:
    return session_params(replace(order, terms=Terms(**terms)), CUSTOMER, PAGES)


def changed(order: Order, **terms: Any) -> dict[str, Any]:
    """What these terms add to, or change of, what is said of the order without them."""
    plain = params(order)
    return {name: value for name, value in params(order, **terms).items() if plain.get(name) != value}


def test_a_payment_without_any_setting() -> None:
    assert params(PACK) == {
        "mode": "payment",
        "customer": CUSTOMER,
        "currency": "eur",
        "client_reference_id": "ord_1",
        "line_items": [{"price": "price_credits", "quantity": 1}],
        "expires_at": EXPIRES,
        "metadata": TOLD,
        "payment_intent_data": {"metadata": TOLD},
        "success_url": PAGES.success,
        "cancel_url": PAGES.cancel,
    }


def test_a_subscription_without_any_setting() -> None:
    found = params(PLAN)
    assert (found["mode"], found["subscription_data"]) == ("subscription", {"metadata": TOLD | {"plan": "pro"}})
    assert "payment_intent_data" not in found


def test_address_and_plan_go_into_the_metadata_of_everything_that_the_session_makes() -> None:
    told = TOLD | {"plan": "pro", "email": "alice@example.com"}
    found = params(replace(PLAN, email="alice@example.com"))
    assert found["metadata"] == found["subscription_data"]["metadata"] == told


def test_metadata_fits_into_what_stripe_keeps() -> None:
    """https://docs.stripe.com/api/metadata: 500 characters."""
    lines = tuple(
        OrderLine(line.price_id, "", 1, 1, replace(line.gives, plan=f"{number:040d}"))
        for number, line in enumerate(PLAN.lines * 20)
    )
    assert len(params(replace(PLAN, lines=lines))["metadata"]["plan"]) == 500


def test_plans_are_named_once() -> None:
    seats = a_price("seats", 100, "year", level="TEAM", plan="team")
    support = a_price("support", 100, "year", plan="support")
    assert params(an_order(TEAM_YEARLY, seats))["metadata"]["plan"] == "team"
    assert params(an_order(TEAM_YEARLY, seats, support))["metadata"]["plan"] == "team, support"


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"locale": "pt-BR"}, {"locale": "pt-BR"}),
        ({"promotion_codes": True}, {"allow_promotion_codes": True}),
        ({"billing_address": "required"}, {"billing_address_collection": "required"}),
        (
            {"automatic_tax": True},
            {"automatic_tax": {"enabled": True}, "customer_update": {"address": "auto"}},
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [PACK, PLAN], ids=["payment", "subscription"])
def test_settings_reach_the_session_in_both_modes(order: Order, terms: dict[str, Any], told: dict[str, Any]) -> None:
    assert changed(order, **terms) == told


@pytest.mark.parametrize("order", [PACK, PLAN], ids=["payment", "subscription"])
def test_an_embedded_page_returns_to_the_same_place_and_has_no_other_address(order: Order) -> None:
    found = params(order, ui_mode="embedded")
    assert (found["ui_mode"], found["return_url"]) == ("embedded_page", PAGES.success)
    assert not found.keys() & {"success_url", "cancel_url"}


def test_a_trial_is_asked_for_in_days() -> None:
    told = TOLD | {"plan": "pro"}
    assert changed(PLAN, trial_days=14) == {"subscription_data": {"metadata": told, "trial_period_days": 14}}


def test_a_trial_without_a_card_ends_with_the_subscription() -> None:
    told = TOLD | {"plan": "pro"}
    assert changed(PLAN, trial_days=14, trial_without_card=True) == {
        "payment_method_collection": "if_required",
        "subscription_data": {
            "metadata": told,
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        },
    }


def test_a_payment_with_an_invoice_carries_its_metadata_there() -> None:
    assert changed(PACK, invoice=True) == {
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": TOLD}},
    }


def test_a_receipt_goes_to_the_address_of_the_order_and_nowhere_without_one() -> None:
    assert changed(PACK, receipt=True) == {}
    order = replace(PACK, email="alice@example.com")
    assert changed(order, receipt=True)["payment_intent_data"]["receipt_email"] == "alice@example.com"


def test_all_of_it_is_sent_as_stripe_reads_it() -> None:
    """The official SDK writes the form, and the order's key is its header."""
    terms = Terms(ui_mode="embedded", locale="de", automatic_tax=True, trial_days=7, trial_without_card=True)
    made = '{"id": "cs_test_1", "object": "checkout.session", "url": null, "client_secret": "cs_1_s", "expires_at": 9}'
    with bad_server(answer(made)) as server:
        client = stripe.StripeClient("sk_test_1", base_addresses={"api": server.url})
        sessions = StripeSessions(client, "https://app.example.com", "")
        opened = sessions.create_session(replace(PLAN, terms=terms), CustomerId("cus_1"), "checkout:ord_1:cus_1")
    (request,) = server.received
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"idempotency-key: checkout:ord_1:cus_1" in head.lower()
    assert (opened.id, opened.url, opened.client_secret) == ("cs_test_1", None, "cs_1_s")
    assert dict(parse_qsl(body.decode())) == {
        "mode": "subscription",
        "customer": "cus_1",
        "currency": "eur",
        "client_reference_id": "ord_1",
        "line_items[0][price]": "price_pro_monthly",
        "line_items[0][quantity]": "1",
        "expires_at": str(EXPIRES),
        **{f"metadata[{name}]": value for name, value in (TOLD | {"plan": "pro"}).items()},
        **{f"subscription_data[metadata][{name}]": value for name, value in (TOLD | {"plan": "pro"}).items()},
        "subscription_data[trial_period_days]": "7",
        "subscription_data[trial_settings][end_behavior][missing_payment_method]": "cancel",
        "payment_method_collection": "if_required",
        "ui_mode": "embedded_page",
        "return_url": "https://app.example.com/checkout/return?session_id={CHECKOUT_SESSION_ID}",
        "locale": "de",
        "automatic_tax[enabled]": "true",
        "customer_update[address]": "auto",
    }
