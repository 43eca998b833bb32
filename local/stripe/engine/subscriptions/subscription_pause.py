"""Pausing a subscription and resuming it: `paused`, neither service nor invoices.

Not to be confused with `pause_collection`, which leaves the status as it is.
https://docs.stripe.com/billing/subscriptions/pause
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.errors import invalid_request, missing
from local.stripe.engine.invoices import invoice_items, invoice_life, invoice_objects
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import periods, resumption
from local.stripe.engine.subscriptions import subscription_update as updating
from local.stripe.engine.subscriptions.periods import DAY
from local.stripe.engine.subscriptions.resumption import Resumption
from local.stripe.engine.subscriptions.subscription_change import Change, ItemState, charge, credits_of
from local.stripe.engine.subscriptions.upkeep import FIRST_PAYMENT
from local.stripe.engine.world import Obj, World, snapshot

ENDED = ("canceled", "incomplete_expired")


def stop(world: World, subscription: Obj, reason: str) -> None:
    """Move to `paused`: the period ends here, and nothing is invoiced until it resumes."""
    now = world.now()
    before = snapshot(subscription)
    for item in subscription["items"]["data"]:
        item["current_period_end"] = now
    details = {"subscription": {"type": reason}, "transitioned_at": now, "type": "subscription"}
    subscription |= {"status": "paused", "status_details": {"paused": details}}
    world.emit("customer.subscription.updated", subscription, before)
    world.emit("customer.subscription.paused", subscription)


def pause(call: Call) -> Obj:
    """POST /v1/subscriptions/{id}/pause. https://docs.stripe.com/api/subscriptions/pause"""
    subscription = call.target("subscription")
    world, given = call.world, call.params
    if subscription["status"] not in ("active", "past_due", "unpaid"):
        raise invalid_request(f"You cannot pause a subscription with a status of `{subscription['status']}`.")
    with world.at(world.time_of(subscription["customer"])):
        waiting = subscription["pending_update"] is not None
        if waiting:
            invoice_life.void(world, world.need("invoice", subscription["latest_invoice"]))
        change = _credits(world, subscription, given)
        invoiced = given.get("invoicing_behavior", "pending_invoice_item") == "invoice"
        change.bill_now = invoiced and bool(change.prorations)
        updating.carry_out(world, subscription, change, snapshot(subscription))
        stop(world, subscription, "pause_requested")
    return subscription


def _credits(world: World, subscription: Obj, given: dict[str, Any]) -> Change:
    """The unused time from now on, from the period's start on, or none (`bill_for.unused_time_from`)."""
    wish = given.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    states = states_of(subscription)
    change = Change(world.now(), states, [], subscription["billing_cycle_anchor"], None)
    if wish == "item_current_period_start":
        change.moment = min(state.period[0] for state in states)
    if wish != "none":
        change.prorations = [credit for state in states for credit in credits_of(world, state.id, change.moment)]
    return change


def states_of(subscription: Obj) -> list[ItemState]:
    """The items as they are."""
    return [
        ItemState(
            item["id"],
            item["price"],
            item["quantity"],
            (item["current_period_start"], item["current_period_end"]),
            item["metadata"],
            item,
        )
        for item in subscription["items"]["data"]
    ]


def resume(call: Call) -> Obj:
    """POST /v1/subscriptions/{id}/resume. https://docs.stripe.com/api/subscriptions/resume"""
    subscription = call.target("subscription")
    if subscription["status"] in ENDED:
        raise missing("subscription", subscription["id"], param="id", in_path=True)
    if subscription["status"] != "paused":
        raise invalid_request("You can only resume a subscription if it is `paused`.")
    with call.world.at(call.world.time_of(subscription["customer"])):
        go_on(call.world, subscription, call.params)
    return subscription


def go_on(world: World, subscription: Obj, given: dict[str, Any]) -> None:
    """Begin the resumption; it is complete at once unless it makes an invoice that asks for money."""
    on_success = given.get("payment_behavior") == "resume_on_payment_success"
    known = resumption.of(world, subscription)
    if known is not None and known.invoice is not None:
        invoice_life.void(world, world.need("invoice", known.invoice))
    if on_success and invoice_life.method_of(world, subscription) is None:
        raise updating.no_payment_method()
    plan, change = _plan(world, subscription, given)
    plan.on_success = on_success
    resumption.begin(world, subscription, plan)
    entries = updating.entries_of(world, subscription, change)
    for entry in entries:
        invoice_items.keep(world, entry)
    if not change.bill_now:
        resumption.complete(world, subscription)
        return
    lines = updating.lines_of(world, subscription, change, invoice_items.pending(world, subscription))
    _invoice(world, subscription, plan, lines)


def _invoice(world: World, subscription: Obj, plan: Resumption, lines: list[Obj]) -> None:
    """The resumption invoice is finalized at once; who pays it, and when, the request has said."""
    before = snapshot(subscription)
    invoice = invoice_objects.make(world, subscription, lines, "subscription_cycle")
    plan.invoice = subscription["latest_invoice"] = invoice["id"]
    expires = world.now() + (365 * DAY if plan.on_success else FIRST_PAYMENT)
    subscription["pending_update"] = {
        "billing_cycle_anchor": plan.anchor,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": expires,
        "metadata": None,
        "subscription_items": None,
        "trial_end": None,
        "trial_from_plan": None,
    }
    world.plan(expires, "pending_update", subscription["id"])
    world.emit("invoice.created", invoice)
    world.emit("customer.subscription.updated", subscription, before)
    invoice_life.finalize(world, invoice)
    if plan.on_success or invoice["amount_due"] == 0:
        invoice_life.collect(world, invoice)


def _plan(world: World, subscription: Obj, given: dict[str, Any]) -> tuple[Resumption, Change]:
    """New periods from now on, or those of the old anchor with the rest of the running one charged."""
    now = world.now()
    unchanged = given.get("billing_cycle_anchor", {}).get("type") == "unchanged"
    anchor = subscription["billing_cycle_anchor"] if unchanged else now
    states = states_of(subscription)
    for state in states:
        state.period = periods.around(state.price, anchor, now)
    change = Change(given.get("proration_date", now), states, [], anchor, None)
    wish = given.get("proration_behavior", "create_prorations")
    if not unchanged:
        change.whole_periods = change.bill_now = True
    elif wish != "none":
        change.prorations = [charge(world, subscription, state, change.moment, state.period) for state in states]
        change.bill_now = wish == "always_invoice"
    return Resumption(anchor, {state.id: state.period for state in states}), change


_S = "_subscription_"
ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions/{id}/pause",
        _S + "pause_params:SubscriptionPauseParams",
        pause,
        names("bill_for invoicing_behavior type"),
    ),
    Route("POST", "/v1/subscriptions/{id}/resume", _S + "resume_params:SubscriptionResumeParams", resume),
]
