"""The life of a subscription: started by Checkout, renewed, ended.

https://docs.stripe.com/billing/subscriptions/overview
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any

from local.stripe.engine import invoice_life, invoice_objects, subscription_end, subscription_terms
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

DAY = 86_400


def next_boundary(anchor: int, start: int, interval: str, count: int) -> int:
    """The end of the period that begins at `start`.

    Months are counted from the anchor, so that one who started on the 31st pays on the 28th or 30th and returns to
    the 31st: https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    if interval in ("day", "week"):
        return start + count * DAY * (7 if interval == "week" else 1)
    months, step = 0, count * (12 if interval == "year" else 1)
    while True:
        months += step
        boundary = _months_after(anchor, months)
        if boundary > start:
            return boundary


def _months_after(anchor: int, months: int) -> int:
    begin = datetime.fromtimestamp(anchor, UTC)
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    day = min(begin.day, calendar.monthrange(year, month + 1)[1])
    return int((begin.replace(day=1) + timedelta(0)).replace(year=year, month=month + 1, day=day).timestamp())


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
    now = world.now()
    trial_end = data.get("trial_end") or (
        now + data["trial_period_days"] * DAY if "trial_period_days" in data else None
    )
    recurring = [line for line in lines if line["price"]["recurring"]]
    subscription = _object(world, customer, recurring, method, trial_end, data)
    subscription_terms.apply(world, subscription, discount, taxed=data.get("automatic_tax", False))
    if intent is None and trial_end is None:
        subscription["status"] = "active"  # nothing is due, so that it never was incomplete
    plan = recurring[0]["price"]["recurring"]
    anchor = trial_end or now
    end = trial_end or next_boundary(anchor, now, plan["interval"], plan["interval_count"])
    for line in recurring:
        subscription["items"]["data"].append(_item(world, subscription, line, now, end))
    _note_currency(world, customer, subscription["currency"])
    world.emit("customer.subscription.created", subscription)
    billed = [
        invoice_objects.line(world, item, subscription, now, end, free=trial_end is not None)
        for item in _items(subscription)
    ]
    billed += [
        invoice_objects.one_time_line(world, line["price"], line["quantity"], subscription)
        for line in lines
        if not line["price"]["recurring"]
    ]
    first = invoice_objects.make(world, subscription, billed, "subscription_create")
    world.emit("invoice.created", first)
    before = snapshot(subscription)
    subscription["latest_invoice"] = first["id"]
    invoice_life.finalize(world, first)
    if intent is None:
        invoice_life.mark_paid(world, first, None)
    else:
        invoice_life.link(world, first, intent)
        invoice_life.follow(world, first, intent)
        if subscription["status"] == "incomplete" and intent["status"] == "processing":
            subscription["status"] = "active"  # a delayed method: active while the debit is under way
            world.emit_updated("customer.subscription.updated", subscription, before)
    _schedule(world, subscription, end)
    return subscription


def _items(subscription: Obj) -> list[Obj]:
    found: list[Obj] = subscription["items"]["data"]
    return found


def _note_currency(world: World, customer_id: str, currency: str) -> None:
    customer = world.need("customer", customer_id)
    before = snapshot(customer)
    customer["currency"] = customer["currency"] or currency
    world.emit_updated("customer.updated", customer, before)


def _item(world: World, subscription: Obj, line: Obj, begin: int, end: int) -> Obj:
    """Since 2025-03-31 the period sits on the item, not on the subscription.

    https://docs.stripe.com/changelog/basil/2025-03-31/deprecate-subscription-current-period-start-and-end
    """
    price = line["price"]
    return world.add(
        {
            "id": world.id("si", 14),
            "object": "subscription_item",
            "billed_until": end,
            "billing_thresholds": None,
            "created": world.now(),
            "current_period_end": end,
            "current_period_start": begin,
            "discounts": [],
            "metadata": {},
            "plan": _plan(price),
            "price": snapshot(price),
            "quantity": line["quantity"],
            "subscription": subscription["id"],
            "tax_rates": [],
        }
    )


def _plan(price: Obj) -> Obj:
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": dict(price["metadata"]),
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": price["recurring"]["trial_period_days"],
        "usage_type": "licensed",
    }


def _object(
    world: World, customer: str, lines: list[Obj], method: Obj | None, trial_end: int | None, data: dict[str, Any]
) -> Obj:
    now = world.now()
    subscription_id = world.id("sub_1")
    return world.add(
        {
            "id": subscription_id,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": trial_end or now,
            "billing_cycle_anchor_config": None,
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
            "billing_schedules": [],
            "billing_thresholds": None,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
            "collection_method": "charge_automatically",
            "created": now,
            "currency": lines[0]["currency"],
            "customer": customer,
            "customer_account": None,
            "days_until_due": None,
            "default_payment_method": method["id"] if method else None,
            "default_source": None,
            "default_tax_rates": [],
            "description": data.get("description"),
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "items": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/subscription_items?subscription={subscription_id}",
            },
            "latest_invoice": None,
            "livemode": False,
            "metadata": merge_metadata({}, data.get("metadata")),
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "presentment_details": None,
            "schedule": None,
            "start_date": now,
            "status": "trialing" if trial_end else "incomplete",
            "test_clock": world.need("customer", customer)["test_clock"],
            "transfer_data": None,
            "trial_end": trial_end,
            "trial_settings": data.get(
                "trial_settings", {"end_behavior": {"missing_payment_method": "create_invoice"}}
            ),
            "trial_start": now if trial_end else None,
        }
    )


def _schedule(world: World, subscription: Obj, end: int) -> None:
    world.later.append((end, "period", subscription["id"]))
    if subscription["status"] == "trialing" and end - 3 * DAY > world.now():
        world.later.append((end - 3 * DAY, "trial_will_end", subscription["id"]))


def renew(world: World, subscription: Obj) -> None:
    """Begin the next period.

    The item's period moves when the old one ends, before anything is paid, and the new invoice stays a draft for about
    an hour: so `current_period_end` proves no payment. https://docs.stripe.com/billing/invoices/subscription#draft-invoices
    """
    boundary = world.now()
    before = snapshot(subscription)
    if subscription["cancel_at_period_end"]:
        subscription_end.end(world, subscription, "cancellation_requested")
        return
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    plan = _items(subscription)[0]["price"]["recurring"]
    anchor = subscription["billing_cycle_anchor"]
    following = next_boundary(anchor, boundary, plan["interval"], plan["interval_count"])
    lines = []
    for item in _items(subscription):
        item |= {"current_period_start": boundary, "current_period_end": following, "billed_until": following}
        lines.append(invoice_objects.line(world, item, subscription, boundary, following))
    invoice = invoice_objects.make(world, subscription, lines, "subscription_cycle")
    invoice["period_start"] = before["items"]["data"][0]["current_period_start"]
    subscription["latest_invoice"] = invoice["id"]
    world.emit("invoice.created", invoice)
    world.emit("customer.subscription.updated", subscription, before)
    world.later.append((boundary + 3600, "finalize", invoice["id"]))
    _schedule(world, subscription, following)
