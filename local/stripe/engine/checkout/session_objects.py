"""A new checkout session as an object. https://docs.stripe.com/api/checkout/sessions/object"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.checkout import payment_invoices, session_order
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.world import Obj, World, merge_metadata

BRANDING: Obj = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0b6b58",
    "display_name": "Plumbline stand-in",
    "font_family": "default",
    "icon": None,
    "logo": None,
}


def make(world: World, params: dict[str, Any], mode: str, order: Order, expires_at: int) -> Obj:
    """Keep a new session."""
    session_id = world.id("cs_test_a1", 56)
    currency, reckoned = order.lines[0]["currency"], session_order.sums(order)
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    customer = world.find(params["customer"]) if "customer" in params else None
    creation = params.get("customer_creation", "if_required") if mode == "payment" and not customer else None
    return world.add(
        {
            "id": session_id,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": False},
            "after_expiration": None,
            "allow_promotion_codes": params.get("allow_promotion_codes"),
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "amount_subtotal": reckoned["amount_subtotal"],
            "amount_total": reckoned["amount_total"],
            "automatic_tax": reckoned["automatic_tax"],
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
            "invoice_creation": payment_invoices.shown(params.get("invoice_creation")) if mode == "payment" else None,
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
            "payment_status": "unpaid" if reckoned["amount_total"] or mode == "subscription" else "no_payment_required",
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
            "total_details": reckoned["total_details"],
            "ui_mode": params.get("ui_mode", "hosted_page"),
            "url": f"{world.public_url}/c/pay/{session_id}" if hosted else None,
            "wallet_options": None,
            **_on_request(params),
        }
    )


def _on_request(params: dict[str, Any]) -> Obj:
    """Members that a session has only when it was made with them."""
    found: Obj = {}
    if "tax_id_collection" in params:
        found["tax_id_collection"] = {"required": "never", **params["tax_id_collection"]}
    if params.get("ui_mode") == "embedded_page":
        found["redirect_on_completion"] = params.get("redirect_on_completion", "always")
        found["return_url"] = params.get("return_url")
    return found


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


def method_types(allowed: list[str] | None, currency: str) -> list[str]:
    """What can be used: cards, and SEPA debit for euros only.

    https://docs.stripe.com/payments/sepa-debit/accept-a-payment?payment-ui=checkout#compatibility
    """
    offered = ["card", "sepa_debit"] if currency == "eur" else ["card"]
    return [kind for kind in offered if allowed is None or kind in allowed]
