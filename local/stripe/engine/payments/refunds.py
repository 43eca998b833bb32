"""Refunds. https://docs.stripe.com/api/refunds

Since 2024-10-28 `refund.created|updated|failed` fire for every refund:
https://docs.stripe.com/changelog/acacia/2024-10-28/refund-events-for-all-refunds
"""

from __future__ import annotations

from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.payments import balance
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def make(
    world: World,
    charge: Obj,
    amount: int | None = None,
    *,
    status: str = "succeeded",
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Obj:
    """Give money back: `amount_refunded` on the charge is cumulative, `refunded` true only for all of it.

    A refund that is `pending` or waits for the customer (`requires_action`) counts all the same, until it fails or is
    canceled. https://docs.stripe.com/refunds#track-refunds
    """
    left = charge["amount_captured"] - charge["amount_refunded"]
    _check(charge, amount, left)
    given_back = left if amount is None else amount
    card = charge["payment_method_details"]["type"] == "card"
    before = snapshot(charge)
    refund_id = world.id("re_3" if card else "pyr_1", 23)
    kind = "refund" if card else "payment_refund"
    entry = balance.book(world, kind, -given_back, charge["currency"], refund_id)
    refund = world.add(
        {
            "id": refund_id,
            "object": "refund",
            "amount": given_back,
            "balance_transaction": entry["id"],
            "charge": charge["id"],
            "created": world.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": _destination(card, status == "pending"),
            "metadata": merge_metadata({}, metadata),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": status,
            "transfer_reversal": None,
        }
        | _waiting(world, charge, status)
    )
    charge["amount_refunded"] += given_back
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, before)
    return refund


def _waiting(world: World, charge: Obj, status: str) -> Obj:
    """What a refund says of what it waits for."""
    if status == "pending":
        return {"pending_reason": "processing"}
    if status != "requires_action":
        return {}
    now, email = world.now(), charge["billing_details"]["email"] or "nobody@example.com"
    details = {"email_sent": {"email_sent_at": now, "email_sent_to": email}, "expires_at": now + 45 * 86_400}
    return {
        "instructions_email": email,
        "next_action": {"display_details": details, "type": "display_details"},
    }


WAITING = ("pending_reason", "instructions_email", "next_action")


def _check(charge: Obj, amount: int | None, left: int) -> None:
    if charge["status"] != "succeeded":
        raise invalid_request(f"Charge {charge['id']} has not succeeded and cannot be refunded.", param="charge")
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount is not None and amount < 1:
        raise invalid_request(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    if amount is not None and amount > left:
        raise invalid_request(
            f"Refund amount ({_money(amount)}) is greater than unrefunded amount on charge ({_money(left)})",
            param="amount",
        )


def _money(amount: int) -> str:
    return f"${amount // 100}.{amount % 100:02d}"


def _destination(card: bool, pending: bool) -> Obj:
    if not card:
        return {"type": "sepa_debit"}
    own = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": own | ({"type": "pending"} if pending else {}), "type": "card"}


def move(world: World, refund: Obj, status: str) -> None:
    """Take a refund one step on: the customer has answered (`pending`), or it has come through."""
    before = snapshot(refund)
    for name in WAITING:
        refund.pop(name, None)
    refund["status"] = status
    if status == "pending":
        refund["pending_reason"] = "processing"
    world.emit("refund.updated", refund, before)


def fail(world: World, refund: Obj, reason: str = "expired_or_canceled_card") -> None:
    """Let a refund fail, even after it had succeeded: the money returns to the balance and the charge is paid again.

    https://docs.stripe.com/refunds#failed-refunds
    """
    _undo(world, refund, "failed", {"failure_reason": reason})


def cancel(world: World, refund: Obj) -> None:
    """Cancel a refund that waits for its customer: the money stays. https://docs.stripe.com/api/refunds/cancel"""
    if refund["status"] != "requires_action":
        raise invalid_request(
            f"You can only cancel refunds with a status of requires_action. This refund is {refund['status']}."
        )
    _undo(world, refund, "canceled", {})


def _undo(world: World, refund: Obj, status: str, more: Obj) -> None:
    if refund["status"] in ("failed", "canceled"):
        raise invalid_request(f"This refund is already {refund['status']}.")
    charge = world.need("charge", refund["charge"])
    before, charge_before = snapshot(refund), snapshot(charge)
    entry = balance.book(world, "refund", refund["amount"], refund["currency"], refund["id"], category="refund_failure")
    entry["type"] = "refund_failure"
    for name in WAITING:
        refund.pop(name, None)
    refund |= {"status": status, "failure_balance_transaction": entry["id"], **more}
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.emit("refund.updated", refund, before)
    if status == "failed":
        world.emit("refund.failed", refund)
    world.emit("charge.refund.updated", refund, before)
    world.emit_updated("charge.updated", charge, charge_before)


def create(call: Call) -> Obj:
    """POST /v1/refunds, by charge or by payment intent."""
    world, given = call.world, call.params
    if ("charge" in given) == ("payment_intent" in given):
        raise invalid_request(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if "charge" in given:
        charge = call.named("charge", "charge")
    else:
        intent = call.named("payment_intent", "payment_intent")
        if intent["latest_charge"] is None:
            raise invalid_request(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = world.need("charge", intent["latest_charge"])
    with world.at(world.time_of(charge["customer"])):
        return make(
            world, charge, given.get("amount"), reason=given.get("reason"), metadata=given.get("metadata") or None
        )


def retrieve(call: Call) -> Obj:
    """GET /v1/refunds/{id}."""
    return call.target("refund", param="refund")


def update(call: Call) -> Obj:
    """POST /v1/refunds/{id}: metadata."""
    refund = call.target("refund", param="refund")
    before = snapshot(refund)
    refund["metadata"] = merge_metadata(refund["metadata"], call.params.get("metadata"))
    call.world.emit_updated("refund.updated", refund, before)
    return refund


def canceled(call: Call) -> Obj:
    """POST /v1/refunds/{id}/cancel."""
    refund = call.target("refund", param="refund")
    cancel(call.world, refund)
    return refund


def listed(call: Call) -> Obj:
    """GET /v1/refunds."""
    found = created_within(call.world.all("refund"), call.params.get("created"))
    return page(matching(found, call.params, "charge", "payment_intent"), call.params, call.url, "refund")


ROUTES = [
    Route(
        "POST",
        "/v1/refunds",
        "_refund_create_params:RefundCreateParams",
        create,
        names("amount charge metadata payment_intent reason"),
    ),
    Route("GET", "/v1/refunds", "_refund_list_params:RefundListParams", listed),
    Route("GET", "/v1/refunds/{id}", "_refund_retrieve_params:RefundRetrieveParams", retrieve),
    Route("POST", "/v1/refunds/{id}", "_refund_update_params:RefundUpdateParams", update),
    Route("POST", "/v1/refunds/{id}/cancel", "_refund_cancel_params:RefundCancelParams", canceled),
]
