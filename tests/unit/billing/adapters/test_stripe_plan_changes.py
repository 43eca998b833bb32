"""Plan changes and portal sessions as they go over the wire, and what is understood of Stripe's answers.

The requests are those of API version 2026-10-28.endive; the shapes of the answers are that version's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from billing.adapters.stripe_api.subscriptions import StripePlanChanges, live_of
from billing.domain.ids import SubscriptionId, SubscriptionItemId
from billing.domain.plan_change import BilledLine, LiveItem, PlanChange
from billing.errors import (
    BillingError,
    MalformedObject,
    StripeRefused,
    SubscriptionNotChangeable,
    SubscriptionNotFound,
)
from tests.fakes.snapshots import CUSTOMER, NOW, PRO_MONTHLY, TEAM_YEARLY
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.billing.adapters.stripe_wire import exchanged, refusal, sent
from tests.unit.billing.adapters.test_stripe_adapter import PRICE, client

LEVELS = ("FREE", "PRO", "TEAM")
SUB = SubscriptionId("sub_1")
NOW_SECONDS = int(NOW.timestamp())
PRODUCT = {"id": "prod_1", "object": "product", "active": True, "name": "Pro", "description": None, "metadata": {}}
ITEM: dict[str, Any] = {
    "id": "si_1",
    "object": "subscription_item",
    "price": PRICE | {"product": PRODUCT},
    "quantity": 2,
    "created": NOW_SECONDS,
    "current_period_start": NOW_SECONDS,
    "current_period_end": NOW_SECONDS + 30 * 86_400,
}
INVOICE = {
    "id": "in_1",
    "object": "invoice",
    "billing_reason": "subscription_update",
    "status": "open",
    "hosted_invoice_url": "https://invoice.stripe.com/i/1",
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "sub_1",
    "object": "subscription",
    "customer": CUSTOMER,
    "status": "active",
    "currency": "eur",
    "items": {"object": "list", "data": [ITEM], "has_more": False},
    "cancel_at": None,
    "cancel_at_period_end": False,
    "pause_collection": None,
    "collection_method": "charge_automatically",
    "schedule": None,
    "pending_update": None,
    "latest_invoice": INVOICE,
}
PENDING = {
    "expires_at": NOW_SECONDS + 82_800,
    "subscription_items": [{"id": "si_1", "price": PRICE | {"id": "price_team"}, "quantity": 1}],
}
CHANGE = PlanChange(SUB, LiveItem(SubscriptionItemId("si_1"), PRO_MONTHLY, 2), TEAM_YEARLY, 3)


def line(amount: int, **given: Any) -> dict[str, Any]:
    about = {"proration": True, "subscription": "sub_1", "subscription_item": "si_1", "invoice_item": "ii_1"}
    return {
        "id": "il_1",
        "object": "line_item",
        "amount": amount,
        "description": "Remaining time on Team",
        "discount_amounts": [],
        "parent": {"type": "subscription_item_details", "subscription_item_details": about},
        "period": {"start": NOW_SECONDS, "end": NOW_SECONDS + 86_400},
    } | given


def bill(*lines: dict[str, Any], **given: Any) -> dict[str, Any]:
    listed = {"object": "list", "data": list(lines), "has_more": False, "url": "/v1/invoices/upcoming_in_1/lines"}
    return {"id": "upcoming_in_1", "object": "invoice", "currency": "eur", "amount_due": 900, "total": 950} | {
        "lines": listed,
        **given,
    }


def plans(url: str) -> StripePlanChanges:
    return StripePlanChanges(client(url), LEVELS)


# -------------------------------------------------------------------------------------------------- the subscription


def test_a_subscription_is_read_with_its_products_and_its_latest_invoice() -> None:
    live, request = exchanged(SUBSCRIPTION, lambda url: plans(url).live(SUB))
    head = request.decode()
    assert head.startswith("GET /v1/subscriptions/sub_1?")
    assert parse_qs(head.split(" ")[1].split("?")[1]) == {
        "expand[0]": ["items.data.price.product"],
        "expand[1]": ["latest_invoice"],
    }
    assert (live.id, live.customer, live.status, live.currency) == (SUB, CUSTOMER, "active", "eur")
    ((item),) = live.items
    assert (item.id, item.price.id, item.price.gives.plan, item.quantity) == ("si_1", "price_1", "pro", 2)
    assert (live.period_start, live.latest_invoice) == (NOW, "in_1")
    assert live.invoice_page == "https://invoice.stripe.com/i/1"
    assert (live.charged, live.scheduled, live.collection_paused, live.cancels_at) == (True, False, False, None)
    assert live.pending is None


@pytest.mark.parametrize(
    ("given", "member", "value"),
    [
        ({"cancel_at_period_end": True}, "cancels_at", NOW + timedelta(days=30)),
        ({"cancel_at": NOW_SECONDS + 60}, "cancels_at", NOW + timedelta(minutes=1)),
        ({"pause_collection": {"behavior": "void", "resumes_at": None}}, "collection_paused", True),
        ({"collection_method": "send_invoice"}, "charged", False),
        ({"schedule": "sub_sched_1"}, "scheduled", True),
        ({"latest_invoice": None}, "latest_invoice", None),
        ({"latest_invoice": None}, "invoice_page", None),
        ({"latest_invoice": INVOICE | {"billing_reason": "subscription_cycle"}}, "invoice_page", None),
        ({"latest_invoice": INVOICE | {"status": "paid"}}, "invoice_page", None),
    ],
)
def test_what_decides_whether_it_can_be_changed(given: dict[str, Any], member: str, value: object) -> None:
    assert getattr(live_of(SUBSCRIPTION | given, LEVELS), member) == value


@pytest.mark.parametrize("price", [PRICE | {"id": "price_team"}, "price_team"], ids=["object", "id"])
def test_a_change_that_waits_for_its_payment(price: object) -> None:
    """The page of pending updates shows an id where the API's reference has a whole price."""
    update = PENDING | {"subscription_items": [{"id": "si_1", "price": price, "quantity": 1}]}
    pending = live_of(SUBSCRIPTION | {"pending_update": update}, LEVELS).pending
    assert pending is not None
    assert pending.items == (("price_team", 1),)
    assert pending.expires_at == NOW + timedelta(hours=23)


@pytest.mark.parametrize(
    "broken",
    [
        {"items": {"data": [], "has_more": False}},
        {"items": {"data": [ITEM], "has_more": True}},
        {"items": {"data": [ITEM | {"price": PRICE}], "has_more": False}},
        {"id": "sub 1"},
        {"latest_invoice": "no id"},
        {"pending_update": {"expires_at": None, "subscription_items": []}},
    ],
    ids=["no items", "more items", "no product", "id", "invoice", "pending"],
)
def test_what_cannot_be_read_is_not_guessed(broken: dict[str, Any]) -> None:
    """F31."""
    with pytest.raises(MalformedObject):
        live_of(SUBSCRIPTION | broken, LEVELS)


@pytest.mark.parametrize(("code", "error"), [("resource_missing", SubscriptionNotFound), ("other", StripeRefused)])
def test_a_subscription_that_is_not_there_is_not_found(code: str, error: type[BillingError]) -> None:
    raised, _ = exchanged(refusal(code=code, param="id"), lambda url: plans(url).live(SUB))
    assert type(raised) is error
    assert raised.ids.get("subscription_id") == (SUB if error is SubscriptionNotFound else None)


# ------------------------------------------------------------------------------------------------------ the preview


def test_a_preview_asks_for_what_the_change_bills_at_once() -> None:
    change = replace(CHANGE, prorated_at=NOW)
    seen, request = exchanged(bill(line(-600), line(1500)), lambda url: plans(url).preview(change))
    assert request.startswith(b"POST /v1/invoices/create_preview ")
    assert sent(request) == {
        "subscription": "sub_1",
        "subscription_details[items][0][id]": "si_1",
        "subscription_details[items][0][price]": TEAM_YEARLY.id,
        "subscription_details[items][0][quantity]": "3",
        "subscription_details[proration_behavior]": "always_invoice",
        "subscription_details[proration_date]": str(NOW_SECONDS),
    }
    assert (seen.currency, seen.due, seen.total, seen.of_change) == ("eur", 900, 950, 900)
    about: dict[str, Any] = {"discount": 0, "proration": True, "of_subscription": True, "period_start": NOW}
    about |= {"description": "Remaining time on Team", "period_end": NOW + timedelta(days=1)}
    assert seen.lines == (BilledLine(amount=-600, **about), BilledLine(amount=1500, **about))
    assert (
        exchanged(bill(line(1, description=None)), lambda url: plans(url).preview(change))[0].lines[0].description == ""
    )


def test_a_change_that_begins_a_period_moves_the_day_of_billing_and_its_preview_says_so() -> None:
    """A hash since 2026-10-28; what each period costs does not depend on when it begins."""
    change = replace(CHANGE, new_period=True)
    _, request = exchanged(bill(), lambda url: plans(url).preview(change))
    assert sent(request)["subscription_details[billing_cycle_anchor][type]"] == "now"
    _, request = exchanged(SUBSCRIPTION, lambda url: plans(url).change(change, "key-1"))
    assert sent(request)["billing_cycle_anchor[type]"] == "now"
    _, request = exchanged(bill(), lambda url: plans(url).preview_recurring(change))
    assert not [name for name in sent(request) if "billing_cycle_anchor" in name]


def test_without_a_moment_stripe_takes_its_own() -> None:
    _, request = exchanged(bill(), lambda url: plans(url).preview(CHANGE))
    assert "subscription_details[proration_date]" not in sent(request)


def test_what_each_period_costs_is_asked_without_prorations() -> None:
    seen, request = exchanged(bill(total=2900), lambda url: plans(url).preview_recurring(CHANGE))
    assert sent(request) == {
        "preview_mode": "recurring",
        "subscription": "sub_1",
        "subscription_details[items][0][id]": "si_1",
        "subscription_details[items][0][price]": TEAM_YEARLY.id,
        "subscription_details[items][0][quantity]": "3",
    }
    assert seen.total == 2900


@pytest.mark.parametrize(
    ("given", "costs"),
    [
        ({}, 100),
        ({"discount_amounts": [{"amount": 30, "discount": "di_1"}]}, 70),
        ({"parent": {"type": "invoice_item_details", "invoice_item_details": {"proration": True}}}, 100),
        ({"parent": {"type": "invoice_item_details", "invoice_item_details": {"proration": False}}}, 0),
        ({"parent": None}, 0),
    ],
    ids=["proration", "discounted", "proration that waited", "something else that waited", "nothing said"],
)
def test_what_a_change_costs_is_what_is_about_the_subscription(given: dict[str, Any], costs: int) -> None:
    """Something else that waits for the next invoice makes a downgrade no upgrade."""
    seen, _ = exchanged(bill(line(100, **given)), lambda url: plans(url).preview(CHANGE))
    assert seen.of_change == costs


def test_a_preview_of_many_lines_is_read_whole() -> None:
    pages = iter(
        [
            bill(lines={"object": "list", "data": [line(1)], "has_more": True, "url": "/v1/x"}),
            {"object": "list", "data": [line(1), line(2)], "has_more": True, "url": "/v1/x"},
            {"object": "list", "data": [line(3)], "has_more": False, "url": "/v1/x"},
        ]
    )

    def play(connection: Any) -> None:
        answer(json.dumps(next(pages)))(connection)

    with bad_server(play) as server:
        seen = plans(server.url).preview(CHANGE)
    assert [each.amount for each in seen.lines] == [1, 2, 3]
    assert server.received[1].startswith(b"GET /v1/invoices/upcoming_in_1/lines?limit=100 ")


# ------------------------------------------------------------------------------------------------------- the change


def test_a_change_is_billed_at_once_and_waits_for_its_payment() -> None:
    made, request = exchanged(
        SUBSCRIPTION | {"pending_update": PENDING},
        lambda url: plans(url).change(replace(CHANGE, prorated_at=NOW), "k1"),
    )
    assert request.startswith(b"POST /v1/subscriptions/sub_1 ")
    assert b"idempotency-key: k1" in request.lower()
    assert sent(request) == {
        "items[0][id]": "si_1",
        "items[0][price]": TEAM_YEARLY.id,
        "items[0][quantity]": "3",
        "payment_behavior": "pending_if_incomplete",
        "proration_behavior": "always_invoice",
        "proration_date": str(NOW_SECONDS),
        "expand[0]": "items.data.price.product",
        "expand[1]": "latest_invoice",
    }
    assert made.pending is not None


MADE = ITEM | {"price": PRICE | {"id": TEAM_YEARLY.id, "product": PRODUCT}, "quantity": 3}
WAITS = PENDING | {"subscription_items": [{"id": "si_1", "price": TEAM_YEARLY.id, "quantity": 3}]}


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({"items": {"object": "list", "data": [MADE], "has_more": False}}, ["POST", "GET"]),
        ({"pending_update": WAITS}, ["POST", "GET"]),
        ({"pending_update": WAITS, "latest_invoice": None}, ["POST", "GET", "POST"]),
        ({}, ["POST", "GET", "POST"]),
    ],
    ids=["it has it", "it waits for it", "it waits without a page", "it has it not"],
)
def test_a_change_that_failed_at_stripe_is_looked_for_before_the_next_key(
    found: dict[str, Any], asked: list[str]
) -> None:
    """F26: a 500 says nothing of what became of a request, and another key may bill anew."""
    failed = json.dumps({"error": {"type": "api_error", "message": "An unknown error occurred"}})
    saved = "Stripe-Should-Retry: false\r\nIdempotent-Replayed: true\r\n"
    there = answer(json.dumps(SUBSCRIPTION | found))
    plays = iter([answer(failed, "500 Internal Server Error", saved), there, there])

    def play(connection: Any) -> None:
        next(plays)(connection)

    with bad_server(play) as server:
        made = plans(server.url).change(CHANGE, "k1")
    assert [request.split(b" ")[0].decode() for request in server.received] == asked
    looked = unquote(server.received[1].decode()).split(" ")[1]
    assert looked == "/v1/subscriptions/sub_1?expand[0]=items.data.price.product&expand[1]=latest_invoice"
    assert (b"idempotency-key: k1:1" in server.received[-1].lower()) is (asked[-1] == "POST")
    assert made == live_of(SUBSCRIPTION | found, LEVELS)


def test_only_what_a_pending_update_supports_is_sent() -> None:
    """Stripe refuses any other parameter beside `pending_if_incomplete`."""
    _, request = exchanged(SUBSCRIPTION, lambda url: plans(url).change(replace(CHANGE, new_period=True), "k1"))
    supported = {"expand", "payment_behavior", "proration_behavior", "proration_date", "items", "billing_cycle_anchor"}
    assert {name.split("[")[0] for name in sent(request)} <= supported


@pytest.mark.parametrize(
    ("param", "error"), [("payment_behavior", SubscriptionNotChangeable), ("items", StripeRefused)]
)
def test_a_payment_method_that_cannot_be_charged_at_once(param: str, error: type[BillingError]) -> None:
    raised, _ = exchanged(refusal(param=param), lambda url: plans(url).change(CHANGE, "k1"))
    assert type(raised) is error
    assert raised.ids.get("subscription_id") == (SUB if error is SubscriptionNotChangeable else None)


@pytest.mark.parametrize(("param", "error"), [(None, SubscriptionNotChangeable), ("items[0][price]", StripeRefused)])
def test_nothing_to_pay_with(param: str | None, error: type[BillingError]) -> None:
    given = {"code": "resource_missing"} | ({"param": param} if param else {})
    raised, _ = exchanged(refusal(**given), lambda url: plans(url).change(CHANGE, "k1"))
    assert type(raised) is error
    assert raised.ids.get("subscription_id") == (SUB if error is SubscriptionNotChangeable else None)


def test_a_key_that_stands_for_another_change() -> None:
    """F25."""
    body = {"error": {"type": "idempotency_error", "message": "Keys for idempotent requests ..."}}
    raised, _ = exchanged(answer(json.dumps(body), "400 Bad Request"), lambda url: plans(url).change(CHANGE, "k1"))
    assert isinstance(raised, StripeRefused)
    assert raised.key_reused
