"""Checkout sessions: the API side. What the buyer's page does with one is in hosted_checkout.py.

https://docs.stripe.com/api/checkout/sessions
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import discounts, tax_ids
from local.stripe.engine.checkout import session_objects, session_order
from local.stripe.engine.checkout.order_lines import make_lines
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.checkout.session_rules import check_session
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import created_within, list_object, matching, page
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def create(call: Call) -> Obj:
    """POST /v1/checkout/sessions."""
    world, params = call.world, call.params
    customer = call.named("customer", "customer") if "customer" in params else None
    with world.at(world.time_of(params.get("customer"))):
        mode = params.get("mode", "payment")
        expires_at = check_session(world, params, mode, customer)
        order = _order(world, params, mode, customer)
        session = session_objects.make(world, params, mode, order, expires_at)
        session_order.keep_discount(world, session, order)
        world.hidden |= {session["id"]: order, **{line["id"]: order for line in order.lines}}
        world.plan(expires_at, "expire", session["id"])
    return session


def _order(world: World, params: dict[str, Any], mode: str, customer: Obj | None) -> Order:
    lines = make_lines(world, params, mode, customer)
    source = discounts.named(world, params.get("discounts", []))
    if source is not None:
        guest = mode == "payment" and params.get("customer_creation") != "always"
        discounts.check(world, source, lines, lines[0]["currency"], customer, guest=guest)
    order = Order(
        lines,
        intent_data=params.get("payment_intent_data", {}),
        subscription_data=params.get("subscription_data", {}),
        source=source,
        taxed=params.get("automatic_tax", {}).get("enabled", False),
        address=customer["address"] if customer else None,
        tax_exempt=customer["tax_exempt"] if customer else "none",
        tax_ids=tax_ids.shown(world, customer["id"]) if customer else [],
        updates=params.get("customer_update", {}),
        guest=mode == "payment" and params.get("customer_creation") != "always",
        invoice_data=_invoice_data(params),
    )
    session_order.reckon(world, order)
    session_order.check_least(order, mode)
    return order


def _invoice_data(params: dict[str, Any]) -> dict[str, Any] | None:
    wanted: dict[str, Any] = params.get("invoice_creation", {"enabled": False})
    return wanted.get("invoice_data", {}) if wanted["enabled"] else None


def lines_of(world: World, session: Obj) -> Obj:
    """The `line_items` member, included on demand (the first page of it)."""
    order: Order = world.hidden[session["id"]]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return list_object([snapshot(line) for line in order.lines[:10]], url, has_more=len(order.lines) > 10)


def retrieve(call: Call) -> Obj:
    """GET /v1/checkout/sessions/{id}."""
    return call.target("checkout.session", param="session")


def update(call: Call) -> Obj:
    """POST /v1/checkout/sessions/{id}: metadata."""
    session = call.target("checkout.session", param="session")
    session["metadata"] = merge_metadata(session["metadata"], call.params.get("metadata"))
    return session


def line_items(call: Call) -> Obj:
    """GET /v1/checkout/sessions/{id}/line_items: in the order of the session, not newest first."""
    session = call.target("checkout.session", param="session")
    order: Order = call.world.hidden[session["id"]]
    return page(order.lines, call.params, call.url, "item")


def expire(call: Call) -> Obj:
    """POST /v1/checkout/sessions/{id}/expire: only an open session can be expired."""
    session = call.target("checkout.session", param="session")
    if session["status"] != "open":
        raise invalid_request(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
    end_unpaid(call.world, session)
    return session


def end_unpaid(world: World, session: Obj) -> None:
    """Expire a session: its page is closed, its URL gone."""
    with world.at(world.time_of(session["customer"])):
        session |= {"status": "expired", "url": None}
        if session["payment_intent"]:
            payment_intents.cancel_open(world, world.need("payment_intent", session["payment_intent"]), "automatic")
        world.emit("checkout.session.expired", session)


def listed(call: Call) -> Obj:
    """GET /v1/checkout/sessions."""
    call.by_customer()
    found = created_within(call.world.all("checkout.session"), call.params.get("created"))
    found = matching(found, call.params, "customer", "payment_intent", "status", "subscription")
    email = call.params.get("customer_details", {}).get("email")
    if email is not None:
        found = [each for each in found if (each["customer_details"] or {}).get("email") == email]
    return page(found, call.params, call.url, "checkout.session")


_CS = "checkout._session_"
ROUTES = [
    Route(
        "POST",
        "/v1/checkout/sessions",
        _CS + "create_params:SessionCreateParams",
        create,
        names(
            "allow_promotion_codes allowed_payment_method_types automatic_tax billing_address_collection cancel_url "
            "client_reference_id currency customer customer_creation customer_email customer_update discounts "
            "expires_at invoice_creation line_items "
            "locale metadata mode origin_context payment_intent_data payment_method_collection redirect_on_completion "
            "return_url submit_type subscription_data success_url tax_id_collection ui_mode"
        ),
    ),
    Route("GET", "/v1/checkout/sessions", _CS + "list_params:SessionListParams", listed),
    Route("GET", "/v1/checkout/sessions/{id}", _CS + "retrieve_params:SessionRetrieveParams", retrieve),
    Route("POST", "/v1/checkout/sessions/{id}", _CS + "update_params:SessionUpdateParams", update, names("metadata")),
    Route(
        "GET",
        "/v1/checkout/sessions/{id}/line_items",
        _CS + "line_item_list_params:SessionLineItemListParams",
        line_items,
    ),
    Route("POST", "/v1/checkout/sessions/{id}/expire", _CS + "expire_params:SessionExpireParams", expire),
]
