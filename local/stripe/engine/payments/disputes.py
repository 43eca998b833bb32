"""Disputes and inquiries. https://docs.stripe.com/api/disputes and https://docs.stripe.com/disputes/how-disputes-work

An inquiry (`warning_*`) moves no money. A dispute withdraws amount and fee at once; winning reinstates the amount.
A dispute carries no customer: the way leads through its charge.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.payments import balance
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]
FINAL = ("won", "lost", "warning_closed", "prevented")


RATE = "/rate"
"""Kept hidden under the dispute's id with this ending, when it is in another currency than its charge."""


def open_dispute(
    world: World,
    charge: Obj,
    *,
    inquiry: bool,
    amount: int | None = None,
    reason: str = "fraudulent",
    currency: str | None = None,
    rate: float = 1.0,
    prevented: str | None = None,
) -> Obj:
    """Let the buyer's bank complain about a charge.

    `prevented` is how Stripe has kept a dispute from being one: by a `resolution`, which gives the money back, or a
    `block`, which moves nothing (https://docs.stripe.com/changelog/basil/2025-08-27/add-preventions-to-dispute).

    In another `currency`, the bank's, `amount` is in that one too; what leaves the balance is in the charge's, at
    `rate`: "it can differ (usually because of currency fluctuation [...])" (amount, https://docs.stripe.com/api/disputes/object).
    """
    if charge["status"] != "succeeded":
        raise invalid_request(f"Charge {charge['id']} has not succeeded and cannot be disputed.")
    if disputed(world, charge):
        raise ApiError(f"Charge {charge['id']} already has an open dispute.", code="charge_disputed")
    now = world.now()
    card = charge["payment_method_details"].get("card")
    dispute = world.add(
        {
            "id": world.id("du_1"),
            "object": "dispute",
            "amount": amount or charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": now,
            "currency": currency or charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": now + 7 * 86_400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "is_charge_refundable": inquiry,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": _method(card, prevented or ("inquiry" if inquiry else "chargeback")),
            "reason": reason,
            "status": "prevented" if prevented else "warning_needs_response" if inquiry else "needs_response",
        }
    )
    if dispute["currency"] != charge["currency"]:
        world.hidden[dispute["id"] + RATE] = rate
    before = snapshot(charge)
    charge["disputed"] = True
    world.emit("charge.dispute.created", dispute)
    world.emit_updated("charge.updated", charge, before)
    if not inquiry and prevented != "block":
        withdraw(world, dispute)
    if prevented:
        world.emit("charge.dispute.closed", dispute)
    return dispute


def _method(card: Obj | None, case_type: str) -> Obj:
    if card is None:
        return {"type": "sepa_debit"}
    own = {
        "brand": card["brand"],
        "case_type": case_type,
        "network": card["brand"],
        "network_reason_code": "10.4",
    }
    return {"card": own, "type": "card"}


def disputed(world: World, charge: Obj) -> bool:
    """Whether a dispute or inquiry of the charge is open."""
    return any(each["charge"] == charge["id"] and each["status"] not in FINAL for each in world.all("dispute"))


def withdraw(world: World, dispute: Obj) -> None:
    """Take the amount and the dispute fee from the balance."""
    entry = _book(world, dispute, -1, balance.DISPUTE_FEE, "dispute")
    dispute["balance_transactions"].append(snapshot(entry))
    world.emit("charge.dispute.funds_withdrawn", dispute)


def _book(world: World, dispute: Obj, sign: int, fee: int, category: str) -> Obj:
    """Move the disputed money, in the currency in which the charge was booked."""
    rate: float | None = world.hidden.get(dispute["id"] + RATE)
    exact = Decimal(dispute["amount"]) * Decimal(str(1 if rate is None else rate))
    amount = sign * int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    currency = world.need("charge", dispute["charge"])["currency"]
    return balance.book(world, "adjustment", amount, currency, dispute["id"], fee=fee, category=category, rate=rate)


def escalate(world: World, dispute: Obj) -> None:
    """Turn an inquiry into a dispute."""
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise invalid_request("Only an open inquiry can become a dispute.")
    before = snapshot(dispute)
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    world.emit("charge.dispute.updated", dispute, before)
    withdraw(world, dispute)


def appeal(world: World, dispute: Obj, status: str) -> None:
    """The bank has refused the evidence, and the merchant may appeal, or has. The money stays where it is.

    https://docs.stripe.com/disputes/arbitration
    """
    if dispute["status"] != ("under_review" if status == "appeal_needs_response" else "appeal_needs_response"):
        raise invalid_request(f"A dispute in status {dispute['status']} cannot become {status}.")
    before = snapshot(dispute)
    dispute["status"] = status
    world.emit("charge.dispute.updated", dispute, before)


def close(world: World, dispute: Obj, outcome: str) -> None:
    """End it: won (the money returns), lost, or warning_closed for an inquiry."""
    if dispute["status"] in FINAL:
        raise ApiError("This dispute is already closed", code="dispute_already_closed")
    inquiry = dispute["status"].startswith("warning_")
    if inquiry != (outcome == "warning_closed"):
        raise invalid_request(f"A dispute in status {dispute['status']} cannot become {outcome}.")
    dispute["status"] = outcome
    if outcome == "won":
        entry = _book(world, dispute, 1, 0, "dispute_reversal")
        dispute["balance_transactions"].append(snapshot(entry))
        world.emit("charge.dispute.funds_reinstated", dispute)
    world.emit("charge.dispute.closed", dispute)


def retrieve(call: Call) -> Obj:
    """GET /v1/disputes/{id}."""
    return call.target("dispute", param="dispute")


def update(call: Call) -> Obj:
    """POST /v1/disputes/{id}: metadata and evidence; submitted evidence is then under review.

    As in Stripe's test mode, the words "winning_evidence" and "losing_evidence" decide the case:
    https://docs.stripe.com/testing#evidence
    """
    dispute = call.target("dispute", param="dispute")
    before = snapshot(dispute)
    dispute["metadata"] = merge_metadata(dispute["metadata"], call.params.get("metadata"))
    evidence = call.params.get("evidence") or {}
    dispute["evidence"] |= evidence
    if evidence:
        dispute["evidence_details"]["has_evidence"] = True
    if evidence and call.params.get("submit", True):
        dispute["evidence_details"] |= {"submission_count": 1, "submission_method": "manual"}
        inquiry = dispute["status"].startswith("warning_")
        dispute["status"] = "warning_under_review" if inquiry else "under_review"
    call.world.emit_updated("charge.dispute.updated", dispute, before)
    text = evidence.get("uncategorized_text")
    if text in ("winning_evidence", "losing_evidence") and dispute["status"] == "under_review":
        close(call.world, dispute, "won" if text == "winning_evidence" else "lost")
    return dispute


def concede(call: Call) -> Obj:
    """POST /v1/disputes/{id}/close: the merchant gives in; the dispute is lost."""
    dispute = call.target("dispute", param="dispute")
    close(call.world, dispute, "warning_closed" if dispute["status"].startswith("warning_") else "lost")
    return dispute


def listed(call: Call) -> Obj:
    """GET /v1/disputes."""
    found = created_within(call.world.all("dispute"), call.params.get("created"))
    return page(matching(found, call.params, "charge", "payment_intent"), call.params, call.url, "dispute")


ROUTES = [
    Route("GET", "/v1/disputes", "_dispute_list_params:DisputeListParams", listed),
    Route("GET", "/v1/disputes/{id}", "_dispute_retrieve_params:DisputeRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/disputes/{id}",
        "_dispute_update_params:DisputeUpdateParams",
        update,
        names("evidence metadata submit"),
    ),
    Route("POST", "/v1/disputes/{id}/close", "_dispute_close_params:DisputeCloseParams", concede),
]
