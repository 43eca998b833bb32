"""Payment methods: what the buyer's card or account looks like to the merchant. https://docs.stripe.com/api/payment_methods"""

from __future__ import annotations

from local.stripe.engine.buyers.instruments import Instrument
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj, World, snapshot

NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def make(world: World, instrument: Instrument, name: str | None, email: str | None) -> Obj:
    """Keep the payment method behind a form that was filled in; the instrument itself stays hidden."""
    method: Obj = {
        "id": world.id("pm_1", 23),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(name, email, instrument.country),
        "created": world.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": instrument.kind,
    }
    fingerprint = _fingerprint(instrument)
    if instrument.kind == "card":
        method["card"] = {
            "brand": instrument.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": instrument.country,
            "display_brand": instrument.brand,
            "exp_month": instrument.exp_month,
            "exp_year": instrument.exp_year,
            "fingerprint": fingerprint,
            "funding": instrument.funding,
            "generated_from": None,
            "last4": instrument.last4,
            "networks": {"available": [instrument.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    else:
        method["sepa_debit"] = {
            "bank_code": instrument.number[4:9],
            "branch_code": "",
            "country": instrument.country,
            "fingerprint": fingerprint,
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": instrument.last4,
        }
    world.hidden[method["id"]] = instrument
    return world.add(method)


def billing_details(name: str | None, email: str | None, country: str | None) -> Obj:
    """The buyer as typed into the form."""
    return {
        "address": {**NO_ADDRESS, "country": country},
        "email": email,
        "name": name,
        "phone": None,
        "tax_id": None,
    }


def _fingerprint(instrument: Instrument) -> str:
    """One number, one fingerprint, as Stripe promises; not reversible is not needed of test numbers."""
    return "".join(chr(ord("a") + int(digit, 36) % 26) for digit in instrument.number)[-16:].rjust(16, "x")


def attach(world: World, method: Obj, customer: str) -> None:
    """Save the payment method for later payments."""
    if method["customer"] == customer:
        return
    method["customer"] = customer
    method["allow_redisplay"] = "always"
    world.emit("payment_method.attached", method)


def details(world: World, method: Obj, authenticated: bool) -> Obj:
    """`payment_method_details` of a charge."""
    if method["type"] == "sepa_debit":
        own = snapshot(method["sepa_debit"])
        own.pop("generated_from")
        return {
            "sepa_debit": {**own, "expected_debit_date": None, "mandate": world.id("mandate_1")},
            "type": "sepa_debit",
        }
    card = snapshot(method["card"])
    for absent in ("display_brand", "generated_from", "networks", "three_d_secure_usage"):
        card.pop(absent)
    secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": world.token(24),
        "version": "2.2.0",
    }
    card |= {
        "amount_authorized": None,
        "authorization_code": "123456",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": world.token(15),
        "overcapture": {"status": "unavailable"},
        "three_d_secure": secure if authenticated else None,
    }
    return {"card": card, "type": "card"}


def of_customer(call: Call, customer: str, param: str = "default_payment_method") -> Obj | None:
    """The payment method that a parameter names; it must be the customer's own. An empty string names none."""
    if call.params[param] == "":
        return None
    method = call.named("payment_method", param, "PaymentMethod")
    if method["customer"] != customer:
        raise invalid_request(
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer.",
            param=param,
            code="resource_missing",
        )
    return method


def retrieve(call: Call) -> Obj:
    """GET /v1/payment_methods/{id}."""
    return call.target("payment_method", "PaymentMethod", "payment_method")


ROUTES = [
    Route("GET", "/v1/payment_methods/{id}", "_payment_method_retrieve_params:PaymentMethodRetrieveParams", retrieve)
]
