"""What a dashboard does with subscriptions, customers and settings, as deeds of the control API.

A dashboard calls Stripe's own API, and so do these: whatever is refused there is refused here, with the same body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.stripe.engine.checkout import page_offers
from local.stripe.engine.invoices.invoice_effects import LAST_REFUSAL
from local.stripe.engine.schema import check, params_type
from local.stripe.engine.subscriptions import portal_configurations
from local.stripe.engine.world import Obj, World, snapshot
from local.stripe.web.given import BadRequest, Given, need, only
from local.stripe.web.shell import Shell

AFTER_LAST_RETRY = ("cancel", "unpaid", "past_due")


class Refused(Exception):
    """The API's refusal, to be passed on."""

    def __init__(self, status: int, body: Obj) -> None:
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body


def _ask(shell: Shell, method: str, path: str, params: dict[str, Any]) -> Given:
    answer = shell.engine.request(method, path, {name: value for name, value in params.items() if value is not None})
    if answer.status != 200:
        raise Refused(answer.status, answer.body)
    return answer.body


def _subscription(shell: Shell, given: Given) -> Obj:
    return need(shell.engine.world, "subscription", given.get("subscription"))


def cancel_subscription(shell: Shell, given: Given) -> Given:
    """Cancel at once, with `prorate` and `invoice_now`, or with `at_period_end`."""
    only(given, "subscription", "at_period_end", "prorate", "invoice_now")
    known = _subscription(shell, given)
    if known["ended_at"] is not None:
        raise BadRequest("this subscription has ended")
    path = f"/v1/subscriptions/{known['id']}"
    if given.get("at_period_end"):
        return _ask(shell, "POST", path, {"cancel_at_period_end": True})
    return _ask(shell, "DELETE", path, {name: given.get(name) for name in ("prorate", "invoice_now")})


def change_plan(shell: Shell, given: Given) -> Given:
    """Switch the subscription's first item to `price`, with `quantity`; the rest as the API names it."""
    only(given, "subscription", "price", "quantity", "proration_behavior", "payment_behavior", "billing_cycle_anchor")
    known = _subscription(shell, given)
    item = {"id": known["items"]["data"][0]["id"], "price": given.get("price"), "quantity": given.get("quantity")}
    entry = {name: value for name, value in item.items() if value is not None}
    more = {name: given.get(name) for name in ("proration_behavior", "payment_behavior", "billing_cycle_anchor")}
    return _ask(shell, "POST", f"/v1/subscriptions/{known['id']}", {"items": [entry], **more})


def pause_subscription(shell: Shell, given: Given) -> Given:
    """Move a subscription to `paused`; with `collection`, a behavior of `pause_collection`, only stop collecting."""
    only(given, "subscription", "collection", "resumes_at")
    path = f"/v1/subscriptions/{_subscription(shell, given)['id']}"
    if "collection" not in given:
        return _ask(shell, "POST", path + "/pause", {})
    wanted = {"behavior": given["collection"], "resumes_at": given.get("resumes_at")}
    return _ask(shell, "POST", path, {"pause_collection": {k: v for k, v in wanted.items() if v is not None}})


def resume_subscription(shell: Shell, given: Given) -> Given:
    """Resume a paused subscription and pay for it; or collect again where only that was stopped."""
    only(given, "subscription", "payment_behavior", "billing_cycle_anchor", "proration_behavior")
    known = _subscription(shell, given)
    path = f"/v1/subscriptions/{known['id']}"
    if known["status"] != "paused":
        return _ask(shell, "POST", path, {"pause_collection": ""})
    how = {"payment_behavior": "resume_on_payment_success", **given}
    return _ask(shell, "POST", path + "/resume", {name: how[name] for name in how.keys() - {"subscription"}})


def create_subscription(shell: Shell, given: Given) -> Given:
    """Subscribe a customer, once more if need be, with a payment method that is saved already."""
    only(given, "customer", "price", "quantity", "trial_period_days", "metadata")
    world = shell.engine.world
    customer = need(world, "customer", given.get("customer"))
    item = {"price": given.get("price"), "quantity": given.get("quantity", 1)}
    more = {"trial_period_days": given.get("trial_period_days"), "metadata": given.get("metadata")}
    method = None if customer["invoice_settings"]["default_payment_method"] else _saved(world, customer["id"])
    params = {"customer": customer["id"], "items": [item], "default_payment_method": method, **more}
    return _ask(shell, "POST", "/v1/subscriptions", params)


def _saved(world: World, customer: str) -> str | None:
    found = (each["id"] for each in world.all("payment_method") if each["customer"] == customer)
    return next(found, None)


def delete_customer(shell: Shell, given: Given) -> Given:
    """Delete a customer; its subscriptions end at once."""
    only(given, "customer")
    customer = need(shell.engine.world, "customer", given.get("customer"))
    return _ask(shell, "DELETE", f"/v1/customers/{customer['id']}", {})


def break_card(shell: Shell, given: Given) -> Given:
    """Let the saved card of a subscription be refused from now on, as when it expires; `mend` undoes it."""
    only(given, "subscription", "mend")
    known = _subscription(shell, given)
    method = known["default_payment_method"]
    if method is None:
        raise BadRequest("this subscription has no payment method")
    hidden = shell.engine.world.hidden
    hidden[method] = replace(hidden[method], fails_off_session=not given.get("mend", False))
    return snapshot(known)


def cross_sell(shell: Shell, given: Given) -> Given:
    """Have Checkout offer `other`, a product with a single price, wherever `product` is bought; without it, no more."""
    only(given, "product", "other")
    world = shell.engine.world
    other = need(world, "product", given["other"]) if given.get("other") else None
    page_offers.set_cross_sell(world, need(world, "product", given.get("product")), other)
    return given


def upsell(shell: Shell, given: Given) -> Given:
    """Have Checkout offer `other`, another price of the product, instead of `price`; without it, no more."""
    only(given, "price", "other")
    world = shell.engine.world
    other = need(world, "price", given["other"]) if given.get("other") else None
    page_offers.set_upsell(world, need(world, "price", given.get("price")), other)
    return given


def account_settings(shell: Shell, given: Given) -> Given:
    """Set what the dashboard's billing settings say; what is not named stays."""
    only(given, LAST_REFUSAL)
    settings = shell.engine.world.settings
    if given.get(LAST_REFUSAL, "cancel") not in AFTER_LAST_RETRY:
        raise BadRequest(f"{LAST_REFUSAL} is one of {', '.join(AFTER_LAST_RETRY)}")
    settings |= given
    return {LAST_REFUSAL: "cancel", **settings}


def portal_settings(shell: Shell, given: Given) -> Given:
    """Save the customer portal's settings: make the default configuration, or change it. Parameters as in the API."""
    world = shell.engine.world
    default = portal_configurations.default_of(world)
    if default is not None:
        return _ask(shell, "POST", f"/v1/billing_portal/configurations/{default['id']}", given)
    schema = params_type("billing_portal._configuration_create_params:ConfigurationCreateParams")
    return snapshot(portal_configurations.make(world, check({"features": {}, **given}, schema), default=True))


DEEDS: dict[str, Callable[[Shell, Given], Given]] = {
    "account_settings": account_settings,
    "break_card": break_card,
    "cancel_subscription": cancel_subscription,
    "change_plan": change_plan,
    "create_subscription": create_subscription,
    "cross_sell": cross_sell,
    "delete_customer": delete_customer,
    "pause_subscription": pause_subscription,
    "portal_settings": portal_settings,
    "resume_subscription": resume_subscription,
    "upsell": upsell,
}
