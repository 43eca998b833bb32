"""Charges: one attempt to move money. https://docs.stripe.com/api/charges

Since 2025-03-31 a charge no longer names its invoice: the way is invoice payment -> payment intent -> charge.
https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
"""

from __future__ import annotations

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.buyers.instruments import Instrument
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.payments import balance
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def make(world: World, intent: Obj, method: Obj, status: str, instrument: Instrument, authenticated: bool) -> Obj:
    """Keep a new charge of an intent: succeeded, pending (SEPA) or failed."""
    failure = instrument.failure if status == "failed" else None
    paid = status != "failed"
    charge_id = world.id("ch_3" if method["type"] == "card" else "py_3", 23)
    charge: Obj = {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": snapshot(method["billing_details"]),
        "calculated_statement_descriptor": "PLUMBLINE STAND-IN" if method["type"] == "card" else None,
        "captured": paid,
        "created": world.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": failure[0] if failure else None,
        "failure_message": failure[2] if failure else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(failure),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": payment_methods.details(world, method, authenticated),
        "presentment_details": None,
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{world.public_url}/receipts/{charge_id}" if status == "succeeded" else None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    return world.add(charge)


def _outcome(failure: tuple[str, str, str] | None) -> Obj:
    normal = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if failure is None:
        return normal
    return normal | {
        "advice_code": "try_again_later" if failure[1] in ("generic_decline", "insufficient_funds") else None,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": failure[1],
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def book(world: World, charge: Obj) -> None:
    """Book the money of a succeeded charge.

    With asynchronous capture, which Checkout uses, the balance transaction comes after `charge.succeeded`, with a
    `charge.updated` of its own: https://docs.stripe.com/payments/payment-intents/asynchronous-capture
    """
    before = snapshot(charge)
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    fee = balance.processing_fee(charge["amount"])
    entry = balance.book(world, kind, charge["amount"], charge["currency"], charge["id"], fee=fee)
    charge["balance_transaction"] = entry["id"]
    world.emit_updated("charge.updated", charge, before)


def refunds_of(world: World, charge: Obj) -> Obj:
    """The `refunds` member: since 2022-11-15 included only on demand, and never more than the ten most recent
    (https://docs.stripe.com/api/refunds/list).
    """
    found = [snapshot(each) for each in world.all("refund") if each["charge"] == charge["id"]]
    return page(found, {}, f"/v1/charges/{charge['id']}/refunds", "refund")


def retrieve(call: Call) -> Obj:
    """GET /v1/charges/{id}."""
    return call.target("charge", param="charge")


def update(call: Call) -> Obj:
    """POST /v1/charges/{id}."""
    charge = call.target("charge", param="charge")
    before = snapshot(charge)
    charge["metadata"] = merge_metadata(charge["metadata"], call.params.get("metadata"))
    charge["description"] = call.params.get("description", charge["description"])
    call.world.emit_updated("charge.updated", charge, before)
    return charge


def listed(call: Call) -> Obj:
    """GET /v1/charges."""
    found = created_within(call.world.all("charge"), call.params.get("created"))
    return page(matching(found, call.params, "customer", "payment_intent"), call.params, call.url, "charge")


ROUTES = [
    Route(
        "GET",
        "/v1/charges",
        "_charge_list_params:ChargeListParams",
        listed,
        names("created customer ending_before limit payment_intent starting_after"),
    ),
    Route("GET", "/v1/charges/{id}", "_charge_retrieve_params:ChargeRetrieveParams", retrieve),
    Route(
        "POST", "/v1/charges/{id}", "_charge_update_params:ChargeUpdateParams", update, names("description metadata")
    ),
]
