"""Subscriptions: their API. https://docs.stripe.com/api/subscriptions"""

from __future__ import annotations

from typing import Any

from local.stripe.engine import subscription_end
from local.stripe.engine.errors import invalid_request, missing
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

ENDED = ("canceled", "incomplete_expired")


def retrieve(call: Call) -> Obj:
    """GET /v1/subscriptions/{id}: an ended one still answers."""
    return call.target("subscription")


def update(call: Call) -> Obj:
    """POST /v1/subscriptions/{id}: cancellation at the period's end or at a time, metadata, payment method."""
    subscription = call.target("subscription")
    if subscription["status"] in ENDED:
        raise invalid_request(
            "A canceled subscription can only update its cancellation_details and metadata.", param="id"
        )
    world, given = call.world, call.params
    with world.at(world.time_of(subscription["customer"])):
        before = snapshot(subscription)
        if "cancel_at_period_end" in given and given.get("cancel_at", "") != "":
            raise invalid_request("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
        if "cancel_at_period_end" in given:
            cancel_later(world, subscription, given["cancel_at_period_end"])
        if "cancel_at" in given:
            _cancel_at(world, subscription, given["cancel_at"])
        if "default_payment_method" in given:
            call.named("payment_method", "default_payment_method", "PaymentMethod")
            subscription["default_payment_method"] = given["default_payment_method"]
        subscription["metadata"] = merge_metadata(subscription["metadata"], given.get("metadata"))
        subscription["description"] = given.get("description", subscription["description"]) or None
        subscription["cancellation_details"] |= given.get("cancellation_details", {})
        world.emit_updated("customer.subscription.updated", subscription, before)
    return subscription


def cancel_later(world: World, subscription: Obj, wanted: bool) -> None:
    """Set or lift the cancellation at the end of the period."""
    end = max(item["current_period_end"] for item in subscription["items"]["data"])
    subscription["cancel_at_period_end"] = wanted
    subscription["cancel_at"] = end if wanted else None
    subscription["canceled_at"] = world.now() if wanted else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None


def _cancel_at(world: World, subscription: Obj, wanted: int | str) -> None:
    if wanted == "":
        subscription |= {"cancel_at": None, "canceled_at": None}
        return
    ends = sorted(item["current_period_end"] for item in subscription["items"]["data"])
    when: int = wanted if isinstance(wanted, int) else ends[0 if wanted == "min_period_end" else -1]
    if when <= world.now():
        raise invalid_request("Invalid timestamp: must be in the future", param="cancel_at")
    subscription |= {"cancel_at": when, "canceled_at": world.now()}
    world.later.append((when, "cancel", subscription["id"]))


def cancel(call: Call) -> Obj:
    """DELETE /v1/subscriptions/{id}: at once, for good; the second time it does not exist any more."""
    subscription = call.target("subscription")
    if subscription["status"] in ENDED:
        raise missing("subscription", subscription["id"], param="id", in_path=True)
    with call.world.at(call.world.time_of(subscription["customer"])):
        subscription["cancellation_details"] |= call.params.get("cancellation_details", {})
        subscription_end.end(call.world, subscription, "cancellation_requested")
    return subscription


def listed(call: Call) -> Obj:
    """GET /v1/subscriptions: without `status`, all that are not canceled. https://docs.stripe.com/api/subscriptions/list"""
    found = created_within(call.world.all("subscription"), call.params.get("created"))
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


def items(call: Call) -> Obj:
    """GET /v1/subscription_items?subscription=."""
    call.named("subscription", "subscription")
    found = matching(call.world.all("subscription_item"), call.params, "subscription")
    return page(found, call.params, call.url, "subscription_item")


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
        names("cancel_at cancel_at_period_end cancellation_details default_payment_method description metadata"),
    ),
    Route(
        "DELETE",
        "/v1/subscriptions/{id}",
        _S + "cancel_params:SubscriptionCancelParams",
        cancel,
        names("cancellation_details"),
    ),
    Route("GET", "/v1/subscription_items", _S + "item_list_params:SubscriptionItemListParams", items),
]
