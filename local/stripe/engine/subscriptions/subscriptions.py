"""Subscriptions: their API. https://docs.stripe.com/api/subscriptions"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.errors import ApiError, invalid_request, missing
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import (
    subscription_change,
    subscription_end,
    subscription_life,
    subscription_objects,
    subscription_update,
    update_rules,
)
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

ENDED = ("canceled", "incomplete_expired")
SETTINGS = (
    *("cancel_at", "cancel_at_period_end", "canceled_at", "cancellation_details", "default_payment_method"),
    *("description", "pause_collection", "trial_settings"),
)
"""What `_settings` changes."""


def retrieve(call: Call) -> Obj:
    """GET /v1/subscriptions/{id}: an ended one still answers."""
    return call.target("subscription")


def update(call: Call) -> Obj:
    """POST /v1/subscriptions/{id}."""
    subscription = call.target("subscription")
    world, given = call.world, call.params
    update_rules.check(subscription, given)
    if "default_payment_method" in given:
        payment_methods.of_customer(call, subscription["customer"])
    with world.at(world.time_of(subscription["customer"])):
        before = snapshot(subscription)
        _settings(world, subscription, given)
        if given.keys() & update_rules.ABOUT_MONEY:
            wanted = subscription_change.wanted_of(given)
            behavior = given.get("payment_behavior", "allow_incomplete")
            try:
                subscription_update.change(world, subscription, wanted, before, behavior, given.get("metadata"))
            except ApiError:
                subscription |= {name: before[name] for name in SETTINGS}  # all of an update happens, or nothing
                raise
        else:
            subscription["metadata"] = merge_metadata(subscription["metadata"], given.get("metadata"))
            world.emit_updated("customer.subscription.updated", subscription, before)
    return subscription


def _settings(world: World, subscription: Obj, given: dict[str, Any]) -> None:
    """What an update changes without any money."""
    if "cancel_at_period_end" in given:
        subscription_life.cancel_later(world, subscription, given["cancel_at_period_end"])
    if "cancel_at" in given:
        cancel_at(world, subscription, given["cancel_at"])
    if "default_payment_method" in given:
        subscription["default_payment_method"] = given["default_payment_method"] or None
    if "pause_collection" in given:
        _pause_collection(world, subscription, given["pause_collection"])
    if "trial_settings" in given:
        subscription["trial_settings"] = subscription_objects.trial_settings(given["trial_settings"])
    subscription["description"] = given.get("description", subscription["description"]) or None
    subscription["cancellation_details"] |= given.get("cancellation_details", {})


def _pause_collection(world: World, subscription: Obj, wanted: dict[str, Any] | str) -> None:
    """Stop collecting, or collect again; the status stays as it is.

    https://docs.stripe.com/billing/subscriptions/pause-payment
    """
    if isinstance(wanted, str):
        subscription["pause_collection"] = None
        return
    resumes_at = wanted.get("resumes_at")
    if resumes_at is not None:
        if resumes_at <= world.now():
            raise invalid_request("`resumes_at` must be in the future.", param="pause_collection[resumes_at]")
        world.plan(resumes_at, "collect_again", subscription["id"])
    subscription["pause_collection"] = {"behavior": wanted["behavior"], "resumes_at": resumes_at}


def cancel_at(world: World, subscription: Obj, wanted: int | str) -> None:
    """Set or lift a cancellation at a moment, named by itself or by an end of the items' periods."""
    if wanted == "":
        subscription |= {"cancel_at": None, "canceled_at": None}
        return
    ends = sorted(item["current_period_end"] for item in subscription["items"]["data"])
    when: int = wanted if isinstance(wanted, int) else ends[0 if wanted == "min_period_end" else -1]
    if when <= world.now():
        raise invalid_request("Invalid timestamp: must be in the future", param="cancel_at")
    subscription |= {"cancel_at": when, "canceled_at": world.now()}
    world.plan(when, "cancel", subscription["id"])


def cancel(call: Call) -> Obj:
    """DELETE /v1/subscriptions/{id}: at once, for good; the second time it does not exist any more."""
    subscription = call.target("subscription")
    if subscription["status"] in ENDED:
        raise missing("subscription", subscription["id"], param="id", in_path=True)
    with call.world.at(call.world.time_of(subscription["customer"])):
        subscription["cancellation_details"] |= call.params.get("cancellation_details", {})
        at_once(call.world, subscription, call.params)
    return subscription


def at_once(world: World, subscription: Obj, given: dict[str, Any]) -> None:
    """Cancel now. `prorate` credits the unused time, `invoice_now` bills that credit and whatever else is pending."""
    if given.get("prorate"):
        subscription_update.credit_unused(world, subscription)
    if given.get("invoice_now"):
        subscription_update.invoice_pending(world, subscription)
    subscription_end.end(world, subscription, "cancellation_requested")


def listed(call: Call) -> Obj:
    """GET /v1/subscriptions: without `status`, all that are not canceled; those on a test clock only where it, or the
    customer, is named. https://docs.stripe.com/api/subscriptions/list
    """
    call.by_customer()
    found = created_within(call.world.all("subscription"), call.params.get("created"))
    if call.params.keys().isdisjoint(("customer", "test_clock")):
        found = [each for each in found if each["test_clock"] is None]
    found = matching(found, call.params, "collection_method", "customer", "test_clock")
    found = [each for each in found if _has_status(each, call.params.get("status"))]
    if "price" in call.params:
        found = [each for each in found if call.params["price"] in _prices(each)]
    return page(found, call.params, call.url, "subscription")


def _has_status(subscription: Obj, wanted: str | None) -> bool:
    status: str = subscription["status"]
    if wanted == "all":
        return True
    if wanted == "ended":
        return status in ENDED
    return status not in ENDED if wanted is None else status == wanted


def _prices(subscription: Obj) -> list[Any]:
    return [item["price"]["id"] for item in subscription["items"]["data"]]


_S = "_subscription_"
ROUTES = [
    Route(
        "GET",
        "/v1/subscriptions",
        _S + "list_params:SubscriptionListParams",
        listed,
        names("collection_method created customer ending_before limit price starting_after status test_clock"),
    ),
    Route("GET", "/v1/subscriptions/{id}", _S + "retrieve_params:SubscriptionRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/subscriptions/{id}",
        _S + "update_params:SubscriptionUpdateParams",
        update,
        names(
            "billing_cycle_anchor cancel_at cancel_at_period_end cancellation_details default_payment_method "
            "description items metadata pause_collection payment_behavior proration_behavior proration_date trial_end "
            "trial_settings"
        ),
    ),
    Route(
        "DELETE",
        "/v1/subscriptions/{id}",
        _S + "cancel_params:SubscriptionCancelParams",
        cancel,
        names("cancellation_details invoice_now prorate"),
    ),
]
