"""`/_control`: money that goes back, and disputes."""

from __future__ import annotations

from collections.abc import Callable

from local.stripe.engine.catalog.price_currencies import currency_code
from local.stripe.engine.payments import disputes, refunds
from local.stripe.engine.world import Obj, World, snapshot
from local.stripe.web.given import BadRequest, Given, need, only
from local.stripe.web.shell import Shell

PAYMENT = ("charge", "payment_intent", "session", "invoice")
STEPS = {
    "pending": ("succeeded", "failed"),
    "requires_action": ("pending", "succeeded", "failed", "canceled"),
    "succeeded": ("failed",),
}
"""What a refund can become. https://docs.stripe.com/refunds#track-refunds"""
BEGINNINGS = ("succeeded", "pending", "failed", "requires_action")
OUTCOMES = ("won", "lost", "warning_closed")
APPEALS = ("appeal_needs_response", "appeal_under_review")
PREVENTIONS = ("resolution", "block")


def charge_of(world: World, given: Given) -> Obj:
    """The charge that `charge`, `payment_intent`, `session` or `invoice` leads to."""
    if "charge" in given:
        return need(world, "charge", given["charge"])
    if "session" in given:
        session = need(world, "checkout.session", given["session"])
        intent = session["payment_intent"] or world.hidden.get(f"{session['id']}/intent")
    elif "invoice" in given:
        paid = [each for each in world.all("invoice_payment") if each["invoice"] == given["invoice"]]
        intent = paid[0]["payment"]["payment_intent"] if paid else None
    else:
        intent = given.get("payment_intent")
    found = need(world, "payment_intent", intent)
    return need(world, "charge", found["latest_charge"])


def refund(shell: Shell, given: Given) -> Given:
    """Refund all or a part, with a `status` to begin with; by `refund`, take one on to another status."""
    only(given, *PAYMENT, "amount", "status", "refund", "reason")
    world, status = shell.engine.world, given.get("status", "succeeded")
    if "refund" in given:
        known = need(world, "refund", given["refund"])
        with world.at(world.time_of(known["customer"])):
            _step(world, known, status)
        return snapshot(known)
    if status not in BEGINNINGS:
        raise BadRequest(f"status is one of {', '.join(BEGINNINGS)}")
    charge = charge_of(world, given)
    with world.at(world.time_of(charge["customer"])):
        begun = "succeeded" if status == "failed" else status
        made = refunds.make(world, charge, given.get("amount"), status=begun, reason=given.get("reason"))
        if status == "failed":
            refunds.fail(world, made)
    return snapshot(made)


def _step(world: World, known: Obj, status: str) -> None:
    if status not in STEPS.get(known["status"], ()):
        raise BadRequest(f"a refund in status {known['status']} cannot become {status}")
    if status == "failed":
        refunds.fail(world, known)
    elif status == "canceled":
        refunds.cancel(world, known)
    else:
        refunds.move(world, known, status)


def dispute(shell: Shell, given: Given) -> Given:
    """Open a dispute or inquiry on a charge; by `dispute`, move one to `status`."""
    only(given, *PAYMENT, "amount", "currency", "exchange_rate", "reason", "inquiry", "prevented", "dispute", "status")
    world = shell.engine.world
    if "dispute" not in given:
        return _open(world, given)
    known, status = need(world, "dispute", given["dispute"]), given.get("status")
    if status in OUTCOMES:
        disputes.close(world, known, status)
    elif status == "needs_response":
        disputes.escalate(world, known)
    elif status in APPEALS:
        disputes.appeal(world, known, status)
    else:
        raise BadRequest(
            "status is one of won, lost, warning_closed, needs_response (an inquiry becomes a dispute), "
            f"{', '.join(APPEALS)}"
        )
    return snapshot(known)


def _open(world: World, given: Given) -> Given:
    if given.get("status") not in (None, *OUTCOMES):
        raise BadRequest(f"status is one of {', '.join(OUTCOMES)}")
    rate = given.get("exchange_rate", 1.0)
    if not isinstance(rate, int | float) or isinstance(rate, bool) or rate <= 0:
        raise BadRequest("exchange_rate is a number above 0: from the dispute's currency into the charge's")
    if given.get("prevented") not in (None, *PREVENTIONS):
        raise BadRequest(f"prevented is one of {', '.join(PREVENTIONS)}")
    if "currency" in given and "amount" not in given:
        raise BadRequest("amount is needed with currency: it is in that currency")
    made = disputes.open_dispute(
        world,
        charge_of(world, given),
        inquiry=bool(given.get("inquiry", False)),
        amount=given.get("amount"),
        reason=given.get("reason", "fraudulent"),
        currency=currency_code(str(given["currency"])) if "currency" in given else None,
        rate=float(rate),
        prevented=given.get("prevented"),
    )
    if "status" in given:
        disputes.close(world, made, given["status"])
    return snapshot(made)


DEEDS: dict[str, Callable[[Shell, Given], Given]] = {"refund": refund, "dispute": dispute}
