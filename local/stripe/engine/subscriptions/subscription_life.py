"""The life of a subscription: started, renewed, ended.

https://docs.stripe.com/billing/subscriptions/overview
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.invoices import invoice_items, invoice_life, invoice_objects
from local.stripe.engine.subscriptions import (
    periods,
    proration,
    subscription_end,
    subscription_objects,
    subscription_pause,
    subscription_terms,
)
from local.stripe.engine.subscriptions.upkeep import FIRST_PAYMENT, plan_ahead
from local.stripe.engine.world import Obj, World, snapshot

DRAFT_HOUR = 3600
"""A renewal's invoice stays a draft for about an hour (page in `renew`)."""


def start(
    world: World,
    *,
    customer: str,
    lines: list[Obj],
    method: Obj | None,
    intent: Obj | None,
    data: dict[str, Any],
    discount: Obj | None = None,
) -> Obj:
    """Make a subscription from a paid checkout, with its items and its first invoice."""
    data = {**data, "default_payment_method": method["id"] if method else None}
    subscription, first = begin(world, customer, lines, data, discount, paid=intent is None)
    before = snapshot(subscription)
    invoice_life.finalize(world, first, balance=intent is None)
    if intent is None:
        invoice_life.mark_paid(world, first, None)
    else:
        invoice_life.link(world, first, intent)
        invoice_life.follow(world, first, intent)
        if subscription["status"] == "incomplete" and intent["status"] == "processing":
            subscription["status"] = "active"  # a delayed method: active while the debit is under way
            world.emit_updated("customer.subscription.updated", subscription, before)
    plan_ahead(world, subscription)
    return subscription


def begin(
    world: World,
    customer: str,
    lines: list[Obj],
    data: dict[str, Any],
    discount: Obj | None = None,
    *,
    paid: bool = False,
) -> tuple[Obj, Obj]:
    """Make a subscription with its items, and the draft of its first invoice.

    A line has a price and a quantity; one-time prices are billed on that first invoice only. With nothing due (`paid`)
    the subscription never is incomplete.
    """
    now = world.now()
    trial_end = trial_end_of(data, now)
    recurring = [line for line in lines if line["price"]["recurring"]]
    subscription = subscription_objects.make(world, customer, lines[0]["currency"], trial_end, data)
    subscription_terms.apply(world, subscription, discount, taxed=data.get("automatic_tax", False))
    if paid and trial_end is None:
        subscription["status"] = "active"
    for line in recurring:
        ends = trial_end or data.get("billing_cycle_anchor")
        period = (now, ends) if ends else periods.around(line["price"], now, now)
        more = {"metadata": line["metadata"]} if line.get("object") != "item" else {}
        item = subscription_objects.item(world, subscription, line["price"], line["quantity"], period, **more)
        subscription_objects.attach(world, subscription, item)
    _note_currency(world, customer, subscription["currency"])
    world.emit("customer.subscription.created", subscription)
    billed = [_period_line(world, item, subscription, free=trial_end is not None) for item in _items(subscription)]
    if data.get("billing_cycle_anchor"):
        _up_to_the_anchor(subscription, billed)
    billed += [
        invoice_objects.one_time_line(world, line["price"], line["quantity"], subscription)
        for line in lines
        if not line["price"]["recurring"]
    ]
    first = invoice_objects.make(world, subscription, billed, "subscription_create")
    world.emit("invoice.created", first)
    subscription["latest_invoice"] = first["id"]
    if subscription["status"] == "incomplete":
        world.plan(now + FIRST_PAYMENT, "incomplete", subscription["id"])
    return subscription, first


def _up_to_the_anchor(subscription: Obj, lines: list[Obj]) -> None:
    """Bill the time up to a day of billing that somebody has chosen: a part of the period that ends there.

    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    anchor = subscription["billing_cycle_anchor"]
    for line, item in zip(lines, _items(subscription), strict=True):
        begin, end = periods.around(item["price"], anchor, line["period"]["start"])
        amount = proration.share(line["amount"], anchor - line["period"]["start"], end - begin)
        line |= {"amount": amount, "subtotal": amount}
        line["parent"]["subscription_item_details"]["proration"] = True


def trial_end_of(data: dict[str, Any], now: int) -> int | None:
    """When the trial ends that the parameters give, if they give one."""
    if data.get("trial_end") not in (None, "now"):
        return int(data["trial_end"])
    return now + data["trial_period_days"] * periods.DAY if data.get("trial_period_days") else None


def _items(subscription: Obj) -> list[Obj]:
    found: list[Obj] = subscription["items"]["data"]
    return found


def _period_line(world: World, item: Obj, subscription: Obj, *, free: bool = False) -> Obj:
    start, end = item["current_period_start"], item["current_period_end"]
    return invoice_objects.line(world, item, subscription, start, end, free=free)


def _note_currency(world: World, customer_id: str, currency: str) -> None:
    customer = world.need("customer", customer_id)
    before = snapshot(customer)
    customer["currency"] = customer["currency"] or currency
    world.emit_updated("customer.updated", customer, before)


def cancel_later(world: World, subscription: Obj, wanted: bool) -> None:
    """Set or lift the cancellation at the end of the period."""
    end = max(item["current_period_end"] for item in subscription["items"]["data"])
    subscription["cancel_at_period_end"] = wanted
    subscription["cancel_at"] = end if wanted else None
    subscription["canceled_at"] = world.now() if wanted else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None


def renew(world: World, subscription: Obj) -> None:
    """Begin the next period of every item whose period ends now.

    The item's period moves when the old one ends, before anything is paid, and the new invoice stays a draft for about
    an hour: so `current_period_end` proves no payment. https://docs.stripe.com/billing/invoices/subscription#draft-invoices
    """
    boundary = world.now()
    before = snapshot(subscription)
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= boundary:
        subscription_end.end(world, subscription, "cancellation_requested")
        return
    if subscription["status"] == "trialing" and not _trial_ends(world, subscription):
        return
    due = [item for item in _items(subscription) if item["current_period_end"] == boundary]
    began = max(item["current_period_start"] for item in due)
    for item in due:
        _, end = periods.around(item["price"], subscription["billing_cycle_anchor"], boundary)
        item |= {"current_period_start": boundary, "current_period_end": end, "billed_until": end}
    pending = invoice_items.pending(world, subscription)
    lines = [invoice_items.line_of(world, subscription, entry) for entry in pending]
    lines += [_period_line(world, item, subscription) for item in due]
    invoice = invoice_objects.make(world, subscription, lines, "subscription_cycle")
    invoice["period_start"] = began
    if subscription["pending_update"] is None:
        subscription["latest_invoice"] = invoice["id"]
    world.emit("invoice.created", invoice)
    world.emit("customer.subscription.updated", subscription, before)
    _advance(world, subscription, invoice)
    plan_ahead(world, subscription)


def _trial_ends(world: World, subscription: Obj) -> bool:
    """End the trial; False when there is nothing to pay with and the subscription does not go on for that.

    https://docs.stripe.com/billing/subscriptions/trials/free-trials#create-free-trials-without-payment
    """
    wish = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if wish == "create_invoice" or invoice_life.method_of(world, subscription) is not None:
        subscription["status"] = "active"
        return True
    if wish == "cancel":
        subscription_end.end(world, subscription, "cancellation_requested")
    else:
        subscription_pause.stop(world, subscription, "trial_end_without_payment_method")
    return False


def _advance(world: World, subscription: Obj, invoice: Obj) -> None:
    """Finalize a renewal's invoice in an hour, unless nothing is to be collected now.

    What a paused collection makes is void or written off at once, or stays a draft, as does what an unpaid subscription
    makes. https://docs.stripe.com/billing/subscriptions/pause-payment
    """
    paused = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (paused and paused["behavior"] == "keep_as_draft"):
        invoice |= {"auto_advance": False, "automatically_finalizes_at": None}
    elif paused is None:
        world.plan(world.now() + DRAFT_HOUR, "finalize", invoice["id"])
    else:
        invoice_life.finalize(world, invoice)
        (invoice_life.void if paused["behavior"] == "void" else invoice_life.write_off)(world, invoice)
