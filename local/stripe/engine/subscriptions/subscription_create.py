"""Subscriptions made by the API or in the dashboard, without a checkout. https://docs.stripe.com/api/subscriptions/create"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.catalog import price_currencies
from local.stripe.engine.errors import ApiError, invalid_request, missing, not_offered
from local.stripe.engine.invoices import invoice_life
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import change_rules, periods, subscription_life
from local.stripe.engine.subscriptions.periods import DAY
from local.stripe.engine.subscriptions.subscription_update import no_payment_method
from local.stripe.engine.subscriptions.upkeep import plan_ahead
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def create(call: Call) -> Obj:
    """POST /v1/subscriptions: the first invoice is finalized, and tried unless the request wants it to wait."""
    world, given = call.world, call.params
    customer = _customer(call)
    if given.get("default_payment_method"):
        payment_methods.of_customer(call, customer["id"])
    with world.at(world.time_of(customer["id"])):
        behavior = _check(world, given)
        lines = _lines(world, given, customer)
        _check_anchor(world, given, lines)
        trial = subscription_life.trial_end_of(given, world.now()) is not None
        due = 0 if trial else sum(_cost(world, line) for line in lines)
        method = _method(world, given, customer)
        if due and method is None and behavior != "default_incomplete":
            raise no_payment_method()
        if due and method is not None and behavior == "error_if_incomplete":
            _refuse_unpaid(world, method)
        return _begin(world, customer, lines, given, wait=behavior == "default_incomplete" and due > 0)


def _customer(call: Call) -> Obj:
    """The customer; one that does not exist is answered 404, as nothing else that a parameter names."""
    if "customer" not in call.params:
        raise invalid_request("Missing required param: customer.", param="customer", code="parameter_missing")
    customer = call.world.get("customer", call.params["customer"])
    if customer is None or customer.get("deleted"):
        raise missing("customer", call.params["customer"], param="customer", in_path=True)
    return customer


def _check(world: World, given: dict[str, Any]) -> str:
    behavior: str = given.get("payment_behavior", "allow_incomplete")
    if behavior == "pending_if_incomplete":
        raise invalid_request(
            "Setting `payment_behavior` to `pending_if_incomplete` has no effect when creating a subscription.",
            param="payment_behavior",
        )
    if "trial_end" in given and "trial_period_days" in given:
        raise invalid_request("You may only specify one of these parameters: trial_end, trial_period_days.")
    end = given.get("trial_end", "now")
    if end != "now" and not world.now() < end <= world.now() + 2 * 366 * DAY:
        raise invalid_request(
            "The parameter `trial_end` expects a unix timestamp representing a date and time in the future. You "
            f"specified the value `{end}`.",
            param="trial_end",
        )
    if not 0 <= given.get("trial_period_days", 0) <= 730:
        raise invalid_request("Trial period days must be between 0 and 730.", param="trial_period_days")
    if given.get("trial_settings", {}).get("end_behavior", {}).get("billing_cycle_anchor") == "unchanged":
        raise not_offered("trial_settings[end_behavior][billing_cycle_anchor]=unchanged")
    return behavior


def _lines(world: World, given: dict[str, Any], customer: Obj) -> list[Obj]:
    """What is subscribed to, in one currency: the one asked for, else the customer's if every price has it."""
    empty: Obj = {"items": {"data": []}}
    found: list[Obj] = []
    for index, entry in enumerate(given.get("items", [])):
        path = f"items[{index}]"
        change_rules.check_entry(empty, entry, path)
        price = change_rules.recurring_price(world, entry["price"], path)
        change_rules.not_twice(price, [(line["price"]["id"], None) for line in found])
        metadata = merge_metadata({}, entry.get("metadata"))
        found.append({"price": price, "quantity": entry.get("quantity", 1), "metadata": metadata})
    change_rules.check_whole([line["price"] for line in found])
    currency = given.get("currency", found[0]["price"]["currency"]).lower()
    preferred = customer["currency"]
    if "currency" not in given and preferred and price_currencies.supports(world, found[0]["price"], preferred):
        currency = preferred
    for index, line in enumerate(found):
        change_rules.same_currency(world, line["price"], currency, f"items[{index}]")
        line["currency"] = currency
    return found


def _check_anchor(world: World, given: dict[str, Any], lines: list[Obj]) -> None:
    """Refuse a day of billing that lies behind, or beyond the first period. With a trial as well it is not offered.

    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    if "billing_cycle_anchor" not in given:
        return
    anchor, now = given["billing_cycle_anchor"], world.now()
    if subscription_life.trial_end_of(given, now) is not None:
        raise not_offered("billing_cycle_anchor with a trial")
    if anchor <= now:
        raise invalid_request("Timestamp must be in the future.", param="billing_cycle_anchor")
    natural = min(periods.around(line["price"], now, now)[1] for line in lines)
    if anchor > natural:
        raise invalid_request(
            f"billing_cycle_anchor cannot be later than next natural billing date ({natural}) for plan",
            param="billing_cycle_anchor",
        )


def _cost(world: World, line: Obj) -> int:
    return price_currencies.cost(world, line["price"], line["quantity"], line["currency"])


def _method(world: World, given: dict[str, Any], customer: Obj) -> Obj | None:
    return invoice_life.method_of(
        world, {"default_payment_method": given.get("default_payment_method"), "customer": customer["id"]}
    )


def _refuse_unpaid(world: World, method: Obj) -> None:
    """Refuse a subscription whose first payment would fail; nothing of it is kept then."""
    failure = payment_intents.foresee(world, method)
    if failure is not None:
        code, decline_code, message = failure
        extra = {"decline_code": decline_code} if code == "card_declined" else {}
        raise ApiError(message, status=402, type="card_error", code=code, extra=extra)


def _begin(world: World, customer: Obj, lines: list[Obj], given: dict[str, Any], *, wait: bool) -> Obj:
    subscription, first = subscription_life.begin(world, customer["id"], lines, given)
    invoice_life.finalize(world, first)
    if not wait:
        invoice_life.collect(world, first)
    if given.get("cancel_at_period_end"):
        before = snapshot(subscription)
        subscription_life.cancel_later(world, subscription, wanted=True)
        world.emit_updated("customer.subscription.updated", subscription, before)
    plan_ahead(world, subscription)
    return subscription


ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions",
        "_subscription_create_params:SubscriptionCreateParams",
        create,
        names(
            "billing_cycle_anchor cancel_at_period_end currency customer default_payment_method description items "
            "metadata payment_behavior trial_end trial_period_days trial_settings"
        ),
    )
]
