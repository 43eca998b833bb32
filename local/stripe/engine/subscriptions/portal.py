"""What a customer does in the portal, behind its page. Not part of Stripe's public API.

https://docs.stripe.com/customer-management
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.buyers.instruments import Instrument
from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.invoices import invoice_life, invoice_preview
from local.stripe.engine.subscriptions import portal_sessions, subscription_change, subscription_update, subscriptions
from local.stripe.engine.subscriptions.portal_configurations import products_of
from local.stripe.engine.subscriptions.subscription_change import WantedChange
from local.stripe.engine.world import Obj, World, snapshot

SHOWN = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class Plan:
    """A price that the customer may switch to."""

    price: Obj
    product: Obj
    quantity: tuple[int, int] | None
    """The bounds within which it can be adjusted, if it can."""


def feature(world: World, session: Obj, name: str) -> Obj:
    """One feature of the session's configuration."""
    found: Obj = portal_sessions.configuration_of(world, session)["features"][name]
    return found


def need(world: World, session: Obj, name: str) -> Obj:
    """A feature that must be on; the page does not show what is off, but anybody can send a form."""
    found = feature(world, session, name)
    if not found["enabled"]:
        raise invalid_request(f"The feature {name} is disabled.")
    return found


def subscriptions_of(world: World, session: Obj) -> list[Obj]:
    """The subscriptions that the page shows, newest first."""
    mine = [each for each in world.all("subscription") if each["customer"] == session["customer"]]
    return [each for each in mine if each["status"] in SHOWN]


def subscription_of(world: World, session: Obj, wanted: str) -> Obj:
    """One of them, or a refusal: nobody reaches another's."""
    for each in subscriptions_of(world, session):
        if each["id"] == wanted:
            return each
    raise ApiError(f"No such subscription: '{wanted}'", status=404, code="resource_missing")


def invoices_of(world: World, session: Obj) -> list[Obj]:
    """The customer's invoices, without drafts."""
    mine = [each for each in world.all("invoice") if each["customer"] == session["customer"]]
    return [each for each in mine if each["status"] != "draft"]


def plans(world: World, session: Obj, subscription: Obj) -> list[Plan]:
    """What the customer may switch to, in the order of the configuration; only active prices in the same currency."""
    update = feature(world, session, "subscription_update")
    if not update["enabled"] or len(subscription["items"]["data"]) > 1:
        return []
    found = []
    for entry in products_of(world, portal_sessions.configuration_of(world, session)):
        bounds = entry["adjustable_quantity"]
        adjustable = bounds["enabled"] and "quantity" in update["default_allowed_updates"]
        limits = (bounds["minimum"], bounds["maximum"] or 999_999) if adjustable else None
        for wanted in entry["prices"]:
            price = world.need("price", wanted)
            own = wanted == subscription["items"]["data"][0]["price"]["id"]
            if own or ("price" in update["default_allowed_updates"] and price["active"]):
                found.append(Plan(price, world.need("product", price["product"]), limits))
    return [plan for plan in found if plan.price["currency"] == subscription["currency"]]


def cancel(world: World, session: Obj, subscription: Obj, feedback: str = "", comment: str = "") -> None:
    """Cancel as the configuration says: at once, or at the end of the period.

    In flexible billing mode that is `cancel_at`, with `cancel_at_period_end` left false.
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare#cancellations-in-the-customer-portal
    """
    how = need(world, session, "subscription_cancel")
    with world.at(world.time_of(subscription["customer"])):
        before = snapshot(subscription)
        details = subscription["cancellation_details"]
        details |= {"feedback": feedback or None, "comment": comment or None}
        if how["mode"] == "immediately":
            subscriptions.at_once(world, subscription, {"prorate": how["proration_behavior"] != "none"})
            return
        subscriptions.cancel_at(world, subscription, "max_period_end")
        details["reason"] = "cancellation_requested"
        world.emit("customer.subscription.updated", subscription, before)


def renew(world: World, session: Obj, subscription: Obj) -> None:
    """Undo a cancellation at the period's end."""
    need(world, session, "subscription_cancel")
    with world.at(world.time_of(subscription["customer"])):
        before = snapshot(subscription)
        subscription |= {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}
        subscription["cancellation_details"] |= {"reason": None, "feedback": None, "comment": None}
        world.emit_updated("customer.subscription.updated", subscription, before)


def _wanted(world: World, session: Obj, subscription: Obj, price: str, quantity: int) -> WantedChange:
    how = need(world, session, "subscription_update")
    configuration = portal_sessions.configuration_of(world, session)
    portal_sessions.check_switch(world, configuration, subscription, price, quantity)
    ends_trial = subscription["status"] == "trialing" and how["trial_update_behavior"] == "end_trial"
    item: dict[str, Any] = {"id": subscription["items"]["data"][0]["id"], "price": price, "quantity": quantity}
    return WantedChange(
        items=[item],
        proration_behavior=how["proration_behavior"],
        anchor_now=how["billing_cycle_anchor"] == "now" and subscription["status"] != "trialing",
        trial_end="now" if ends_trial else None,
    )


def preview(world: World, session: Obj, subscription: Obj, price: str, quantity: int) -> tuple[Obj, bool]:
    """The invoice that a switch leads to, and whether it is due now."""
    with world.at(world.time_of(subscription["customer"])):
        wanted = _wanted(world, session, subscription, price, quantity)
        change = subscription_change.work_out(world, subscription, wanted)
        return invoice_preview.preview(world, subscription, change, ends=False), change.bill_now


def switch(world: World, session: Obj, subscription: Obj, price: str, quantity: int) -> None:
    """Switch; a payment that is refused leaves everything as it was, and raises what the card said."""
    with world.at(world.time_of(subscription["customer"])):
        wanted = _wanted(world, session, subscription, price, quantity)
        subscription_update.change(world, subscription, wanted, snapshot(subscription), "error_if_incomplete")


def replace_card(world: World, session: Obj, instrument: Instrument) -> Obj:
    """Save a card and let it pay from now on: for the customer, and for each subscription with a card of its own.

    A card that is refused by itself cannot be saved.
    """
    need(world, session, "payment_method_update")
    if instrument.failure is not None:
        code, decline_code, message = instrument.failure
        raise ApiError(message, status=402, type="card_error", code=code, extra={"decline_code": decline_code})
    customer = world.need("customer", session["customer"])
    with world.at(world.time_of(customer["id"])):
        method = payment_methods.make(world, instrument, customer["name"], customer["email"])
        payment_methods.attach(world, method, customer["id"])
        before = snapshot(customer)
        customer["invoice_settings"]["default_payment_method"] = method["id"]
        world.emit("customer.updated", customer, before)
        for subscription in subscriptions_of(world, session):
            if subscription["default_payment_method"] is not None:
                known = snapshot(subscription)
                subscription["default_payment_method"] = method["id"]
                world.emit("customer.subscription.updated", subscription, known)
    return method


def pay(world: World, session: Obj, invoice_id: str) -> str | None:
    """Pay an open invoice with the saved card; return what the card said if it was refused."""
    need(world, session, "invoice_history")
    invoice = next((each for each in invoices_of(world, session) if each["id"] == invoice_id), None)
    if invoice is None or invoice["status"] != "open":
        raise ApiError(f"No such invoice: '{invoice_id}'", status=404, code="resource_missing")
    with world.at(world.time_of(session["customer"])):
        invoice_life.collect(world, invoice)
    try:
        invoice_life.raise_if_refused(world, invoice)
    except ApiError as refusal:
        return refusal.message
    return None if invoice["status"] == "paid" else "Add a payment method first."
