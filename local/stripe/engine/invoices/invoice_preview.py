"""The invoice that will be, or would be after a change. https://docs.stripe.com/api/invoices/create_preview"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.stripe.engine.errors import ApiError, invalid_request, not_offered
from local.stripe.engine.invoices import invoice_items, invoice_objects
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import (
    periods,
    subscription_apply,
    subscription_change,
    subscription_update,
    update_rules,
)
from local.stripe.engine.subscriptions.subscription_change import Change, WantedChange
from local.stripe.engine.world import Obj, World

DETAILS = frozenset(
    {
        "billing_cycle_anchor",
        "cancel_at",
        "cancel_at_period_end",
        "cancel_now",
        "items",
        "proration_behavior",
        "proration_date",
        "trial_end",
    }
)


def create_preview(call: Call) -> Obj:
    """POST /v1/invoices/create_preview: nothing changes."""
    world, given = call.world, call.params
    subscription = _subscription(call)
    details: dict[str, Any] = given.get("subscription_details", {})
    beyond = sorted(details.keys() - DETAILS)
    if beyond:
        raise not_offered(f"subscription_details[{beyond[0]}]")
    with world.at(world.time_of(subscription["customer"])), subscription_apply.given_up(world, subscription):
        change = _change(world, subscription, details)
        recurring = given.get("preview_mode") == "recurring"
        return preview(world, subscription, change, ends=_ends(subscription, details), recurring=recurring)


def _subscription(call: Call) -> Obj:
    """The subscription named, else the one of the customer that renews next."""
    if "subscription" in call.params:
        found = call.named("subscription", "subscription")
        if call.params.get("customer", found["customer"]) != found["customer"]:
            raise invalid_request("The subscription does not belong to the customer.", param="subscription")
        if found["status"] in update_rules.ENDED:
            raise no_invoice(found["customer"])
        return found
    if "customer" not in call.params:
        raise invalid_request("You must specify `customer` or `subscription`.", param="customer")
    if "subscription_details" in call.params:
        raise not_offered("the preview of a new subscription")
    customer = call.named("customer", "customer")
    live = [
        each
        for each in call.world.all("subscription")
        if each["customer"] == customer["id"] and each["status"] in ("active", "past_due", "trialing", "unpaid")
    ]
    if not live:
        raise no_invoice(customer["id"])
    return min(live, key=lambda each: min(item["current_period_end"] for item in each["items"]["data"]))


def no_invoice(customer: str) -> ApiError:
    """Nothing will be billed."""
    return ApiError(f"No upcoming invoices for customer: {customer}", status=404, code="invoice_upcoming_none")


def _change(world: World, subscription: Obj, details: dict[str, Any]) -> Change:
    if details.get("cancel_now"):
        change = subscription_change.work_out(world, subscription, WantedChange())
        if details.get("proration_behavior", "create_prorations") != "none":
            moment = details.get("proration_date", world.now())
            for state in change.items:
                change.prorations += subscription_change.credits_of(world, state.id, moment)
        change.bill_now = True
        return change
    if details.get("proration_behavior") == "none" and "proration_date" in details:
        raise invalid_request(
            "`proration_date` cannot be used with `proration_behavior` set to `none`.",
            param="subscription_details[proration_date]",
        )
    wanted = subscription_change.wanted_of(details, "subscription_details[items][{}]")
    return subscription_change.work_out(world, subscription, wanted)


def _ends(subscription: Obj, details: dict[str, Any]) -> bool:
    """Whether the subscription would end with its period, so that no renewal follows."""
    if details.get("cancel_now") or details.get("cancel_at_period_end"):
        return True
    lifted = details.get("cancel_at_period_end") is False or details.get("cancel_at") == ""
    return bool(not lifted and (details.get("cancel_at") or subscription["cancel_at"]))


def preview(world: World, subscription: Obj, change: Change, *, ends: bool, recurring: bool = False) -> Obj:
    """The next invoice after a change: the one that it makes at once, else that of the next renewal.

    `recurring` (the parameter `preview_mode`) is what every period costs: no prorations, and nothing that waits.
    """
    if recurring:
        change = replace(change, prorations=[], bill_now=False)
    entries = [
        *([] if recurring else invoice_items.pending(world, subscription)),
        *subscription_update.entries_of(world, subscription, change),
    ]
    lines = subscription_update.lines_of(world, subscription, change, entries)
    created = world.now()
    if not change.bill_now:
        created = min(state.period[1] for state in change.items)
        if not ends:
            lines += _renewal(world, subscription, change, created)
    if not lines:
        raise no_invoice(subscription["customer"])
    with world.at(created):
        found = invoice_objects.draft(world, subscription, lines, "upcoming")
    due, ending = found["amount_due"], found["starting_balance"] + found["total"]
    found |= {"id": "upcoming_" + found["id"], "ending_balance": 0 if due else ending, "auto_advance": False}
    found["lines"]["url"] = f"/v1/invoices/upcoming/lines?subscription={subscription['id']}"
    for line in lines:
        line["invoice"] = found["id"]
    if not change.bill_now:
        found["period_start"] = min(state.period[0] for state in change.items)
        found["next_payment_attempt"] = created + 3600
    return found


def _renewal(world: World, subscription: Obj, change: Change, boundary: int) -> list[Obj]:
    due = [state for state in change.items if state.period[1] == boundary]
    return [
        invoice_objects.line(
            world,
            {"id": state.id, "price": state.price, "quantity": state.quantity},
            subscription,
            *periods.around(state.price, change.anchor, boundary),
        )
        for state in due
    ]


def announced(world: World, subscription: Obj) -> Obj:
    """What `invoice.upcoming` carries: the preview without an id, since that invoice does not exist yet.

    https://docs.stripe.com/api/events/types#event_types-invoice.upcoming
    """
    change = subscription_change.work_out(world, subscription, WantedChange())
    found = preview(world, subscription, change, ends=False)
    return {key: value for key, value in found.items() if key != "id"}


ROUTES = [
    Route(
        "POST",
        "/v1/invoices/create_preview",
        "_invoice_create_preview_params:InvoiceCreatePreviewParams",
        create_preview,
        names("customer preview_mode subscription subscription_details"),
    ),
]
