"""Payment intents: the whole story of one payment. https://docs.stripe.com/api/payment_intents

Made here by Checkout and by invoices only. Since 2025-03-31 they do not name their invoice (see charges.py).
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.buyers.instruments import DECLINED, Instrument
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.payments import charges
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def make(world: World, amount: int, currency: str, customer: str | None, types: list[str], **data: Any) -> Obj:
    """Keep a new intent, still without a payment method."""
    intent_id = world.id("pi_3", 23)
    intent = world.add(
        {
            "id": intent_id,
            "object": "payment_intent",
            "allowed_payment_method_types": None,
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{intent_id}_secret_{world.token(25)}",
            "confirmation_method": "automatic",
            "created": world.now(),
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": types,
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
            **data,
        }
    )
    world.emit("payment_intent.created", intent)
    return intent


def confirm(world: World, intent: Obj, method: Obj, *, off_session: bool = False, authenticated: bool = False) -> None:
    """Try to pay. Afterwards the status tells: succeeded, processing, requires_action or requires_payment_method."""
    instrument: Instrument = world.hidden[method["id"]]
    intent["payment_method"] = method["id"]
    intent["next_action"] = None
    if instrument.authenticate and not off_session and not authenticated:
        _ask_for_authentication(world, intent)
    elif instrument.kind == "sepa_debit":
        _start_debit(world, intent, method, instrument)
    elif off_session and instrument.fails_off_session:
        fail(world, intent, method, Instrument(**{**instrument.__dict__, "failure": DECLINED}))
    elif instrument.failure is not None:
        fail(world, intent, method, instrument, authenticated=authenticated)
    else:
        charge = charges.make(world, intent, method, "succeeded", instrument, authenticated)
        _succeed(world, intent, charge)


def foresee(world: World, method: Obj) -> tuple[str, str, str] | None:
    """How a payment would be refused off session: (error code, decline code, message); None if it would not be."""
    instrument: Instrument = world.hidden[method["id"]]
    if instrument.kind == "card" and instrument.fails_off_session:
        return DECLINED
    return instrument.failure if instrument.kind == "card" else None


def _ask_for_authentication(world: World, intent: Obj) -> None:
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": world.id("src_1", 23)},
    }
    world.emit("payment_intent.requires_action", intent)


def _start_debit(world: World, intent: Obj, method: Obj, instrument: Instrument) -> None:
    charge = charges.make(world, intent, method, "pending", instrument, authenticated=False)
    intent |= {"status": "processing", "latest_charge": charge["id"], "last_payment_error": None}
    world.plan(world.now() + instrument.settles_after, "settle", charge["id"])
    world.emit("payment_intent.processing", intent)
    world.emit("charge.pending", charge)


def _succeed(world: World, intent: Obj, charge: Obj) -> None:
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
    }
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    charges.book(world, charge)
    dispute = world.hidden[charge["payment_method"]].dispute
    if dispute is not None:
        world.plan(world.now() + 1, dispute, charge["id"])


def fail(world: World, intent: Obj, method: Obj, instrument: Instrument, *, authenticated: bool = False) -> None:
    """Record a refused attempt; the intent then waits for another payment method."""
    charge = charges.make(world, intent, method, "failed", instrument, authenticated)
    world.emit("charge.failed", charge)
    _refused(world, intent, method, instrument, charge["id"])


def fail_authentication(world: World, intent: Obj) -> None:
    """Record that the buyer did not pass 3-D Secure: no charge is made."""
    method = world.need("payment_method", intent["payment_method"])
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    failure = ("payment_intent_authentication_failure", "", message)
    _refused(world, intent, method, Instrument(kind="card", number="", failure=failure), None)


def _refused(world: World, intent: Obj, method: Obj, instrument: Instrument, charge: str | None) -> None:
    code, decline_code, message = instrument.failure or ("processing_error", "processing_error", "Failed.")
    error: Obj = {"code": code, "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-")}
    if charge is not None:
        error |= {"charge": charge}
    if decline_code and code == "card_declined":
        error |= {"decline_code": decline_code}
    error |= {"message": message, "payment_method": snapshot(method)}
    error["type"] = "card_error" if charge and method["type"] == "card" else "invalid_request_error"
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error,
        "latest_charge": charge or intent["latest_charge"],
    }
    world.emit("payment_intent.payment_failed", intent)


def settle(world: World, charge: Obj, succeed: bool) -> Obj:
    """End a pending SEPA debit; return its intent."""
    intent = world.need("payment_intent", charge["payment_intent"])
    method = world.need("payment_method", charge["payment_method"])
    instrument: Instrument = world.hidden[method["id"]]
    if succeed:
        charge |= {
            "status": "succeeded",
            "paid": True,
            "receipt_url": f"{world.public_url}/receipts/{charge['id']}",
        }
        _succeed(world, intent, charge)
    else:
        _code, decline_code, message = instrument.failure or ("", "", "The payment failed.")
        charge |= {
            "status": "failed",
            "paid": False,
            "captured": False,
            "amount_captured": 0,
            "failure_code": decline_code or "generic_could_not_process",
            "failure_message": message,
        }
        world.emit("charge.failed", charge)
        _refused(world, intent, method, instrument, charge["id"])
    return intent


def cancel_open(world: World, intent: Obj, reason: str) -> None:
    """Cancel an intent that can still be canceled: what happens when its session expires or its invoice is voided."""
    if intent["status"] in ("succeeded", "canceled", "processing"):
        return
    intent |= {"status": "canceled", "canceled_at": world.now(), "cancellation_reason": reason, "next_action": None}
    world.emit("payment_intent.canceled", intent)


def retrieve(call: Call) -> Obj:
    """GET /v1/payment_intents/{id}."""
    return call.target("payment_intent", param="intent")


def update(call: Call) -> Obj:
    """POST /v1/payment_intents/{id}: metadata and description."""
    intent = call.target("payment_intent", param="intent")
    intent["metadata"] = merge_metadata(intent["metadata"], call.params.get("metadata"))
    intent["description"] = call.params.get("description", intent["description"])
    return intent


def cancel(call: Call) -> Obj:
    """POST /v1/payment_intents/{id}/cancel: not for those that Checkout made."""
    intent = call.target("payment_intent", param="intent")
    if any(each["payment_intent"] == intent["id"] for each in call.world.all("checkout.session")):
        raise invalid_request(
            "You cannot cancel PaymentIntents created by Checkout Sessions: expire the Checkout Session instead."
        )
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid_request(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    cancel_open(call.world, intent, call.params.get("cancellation_reason", "requested_by_customer"))
    return intent


def listed(call: Call) -> Obj:
    """GET /v1/payment_intents."""
    found = created_within(call.world.all("payment_intent"), call.params.get("created"))
    return page(matching(found, call.params, "customer"), call.params, call.url, "payment_intent")


_PI = "_payment_intent_"
ROUTES = [
    Route("GET", "/v1/payment_intents", _PI + "list_params:PaymentIntentListParams", listed),
    Route("GET", "/v1/payment_intents/{id}", _PI + "retrieve_params:PaymentIntentRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/payment_intents/{id}",
        _PI + "update_params:PaymentIntentUpdateParams",
        update,
        names("description metadata"),
    ),
    Route("POST", "/v1/payment_intents/{id}/cancel", _PI + "cancel_params:PaymentIntentCancelParams", cancel),
]
