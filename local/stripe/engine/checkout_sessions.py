"""Checkout sessions: the API side. What the buyer's page does with one is in hosted_checkout.py.

https://docs.stripe.com/api/checkout/sessions
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.stripe.engine import payment_intents
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.order_lines import make_lines
from local.stripe.engine.paging import created_within, list_object, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.session_rules import check_session
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

BRANDING: Obj = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0b6b58",
    "display_name": "Plumbline stand-in",
    "font_family": "default",
    "icon": None,
    "logo": None,
}


@dataclass
class Order:
    """What a session is for and never shows."""

    lines: list[Obj]
    intent_data: dict[str, Any] = field(default_factory=dict)
    subscription_data: dict[str, Any] = field(default_factory=dict)


def create(call: Call) -> Obj:
    """POST /v1/checkout/sessions."""
    world, params = call.world, call.params
    customer = call.named("customer", "customer") if "customer" in params else None
    with world.at(world.time_of(params.get("customer"))):
        mode = params.get("mode", "payment")
        expires_at = check_session(world, params, mode)
        lines = make_lines(world, params, mode, customer)
        session = _session(world, params, mode, lines, expires_at)
        world.hidden[session["id"]] = Order(
            lines, params.get("payment_intent_data", {}), params.get("subscription_data", {})
        )
        world.later.append((expires_at, "expire", session["id"]))
    return session


def _session(world: World, params: dict[str, Any], mode: str, lines: list[Obj], expires_at: int) -> Obj:
    session_id = world.id("cs_test_a1", 56)
    trial = bool(params.get("subscription_data", {}).keys() & {"trial_end", "trial_period_days"})
    total = sum(line["amount_total"] for line in lines if not (trial and line["price"]["recurring"]))
    currency = lines[0]["currency"]
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    customer = world.find(params["customer"]) if "customer" in params else None
    creation = params.get("customer_creation", "if_required") if mode == "payment" and not customer else None
    return world.add(
        {
            "id": session_id,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": False},
            "after_expiration": None,
            "allow_promotion_codes": None,
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "amount_subtotal": total,
            "amount_total": total,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "billing_address_collection": params.get("billing_address_collection"),
            "branding_settings": dict(BRANDING) if hosted else None,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "client_secret": None if hosted else f"{session_id}_secret_{world.token(40)}",
            "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
            "consent": None,
            "consent_collection": None,
            "created": world.now(),
            "currency": currency,
            "currency_conversion": None,
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            "customer": customer["id"] if customer else None,
            "customer_account": None,
            "customer_creation": creation,
            "customer_details": _details(customer["email"] if customer else params.get("customer_email")),
            "customer_email": params.get("customer_email"),
            "discounts": [],
            "excluded_payment_method_types": None,
            "expires_at": expires_at,
            "integration_identifier": None,
            "invoice": None,
            "invoice_creation": _no_invoice() if mode == "payment" else None,
            "livemode": False,
            "locale": params.get("locale"),
            "metadata": merge_metadata({}, params.get("metadata")),
            "mode": mode,
            "origin_context": params.get("origin_context"),
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": _collection(params, mode),
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": method_types(params.get("allowed_payment_method_types"), currency),
            "payment_status": "unpaid" if total or mode == "subscription" else "no_payment_required",
            "permissions": None,
            "phone_number_collection": {"enabled": False},
            "recovered_from": None,
            "saved_payment_method_options": _saved_options(mode) if customer else None,
            "setup_intent": None,
            "shipping_address_collection": None,
            "shipping_cost": None,
            "shipping_options": [],
            "status": "open",
            "submit_type": params.get("submit_type"),
            "subscription": None,
            "success_url": params.get("success_url"),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": params.get("ui_mode", "hosted_page"),
            "url": f"{world.public_url}/c/pay/{session_id}" if hosted else None,
            "wallet_options": None,
        }
    )


def _collection(params: dict[str, Any], mode: str) -> str:
    given: str = params.get("payment_method_collection", "always")
    return "if_required" if mode == "payment" else given


def _saved_options(mode: str) -> Obj:
    return {
        "allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled" if mode == "payment" else None,
    }


def _details(email: str | None) -> Obj | None:
    if email is None:
        return None
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _no_invoice() -> Obj:
    data: Obj = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    return {"enabled": False, "invoice_data": data}


def method_types(allowed: list[str] | None, currency: str) -> list[str]:
    """What can be used: cards, and SEPA debit for euros only.

    https://docs.stripe.com/payments/sepa-debit/accept-a-payment?payment-ui=checkout#compatibility
    """
    offered = ["card", "sepa_debit"] if currency == "eur" else ["card"]
    return [kind for kind in offered if allowed is None or kind in allowed]


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
            "allowed_payment_method_types billing_address_collection cancel_url client_reference_id currency customer "
            "customer_creation customer_email expires_at line_items locale metadata mode origin_context "
            "payment_intent_data payment_method_collection submit_type subscription_data success_url ui_mode"
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
