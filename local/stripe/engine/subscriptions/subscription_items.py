"""Subscription items: one by one, what an update of their subscription does for several. https://docs.stripe.com/api/subscription_items"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import subscription_change, subscription_update, update_rules
from local.stripe.engine.world import Obj, snapshot

OF_THE_ENTRY = frozenset({"metadata", "price", "quantity"})


def retrieve(call: Call) -> Obj:
    """GET /v1/subscription_items/{id}."""
    return call.target("subscription_item", param="item")


def create(call: Call) -> Obj:
    """POST /v1/subscription_items: add an item."""
    subscription = call.named("subscription", "subscription")
    known = [item["id"] for item in subscription["items"]["data"]]
    _change(call, subscription, {})
    added = [item for item in subscription["items"]["data"] if item["id"] not in known]
    if not added:
        raise invalid_request("The new item waits for the payment of the subscription's pending update.")
    made: Obj = added[0]
    return made


def update(call: Call) -> Obj:
    """POST /v1/subscription_items/{id}."""
    item = call.target("subscription_item", param="item")
    _change(call, call.world.need("subscription", item["subscription"]), {"id": item["id"]})
    return item


def delete(call: Call) -> Obj:
    """DELETE /v1/subscription_items/{id}."""
    item = call.target("subscription_item", param="item")
    _change(call, call.world.need("subscription", item["subscription"]), {"id": item["id"], "deleted": True})
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def _change(call: Call, subscription: Obj, entry: dict[str, Any]) -> None:
    world, given = call.world, call.params
    entry |= {name: given[name] for name in OF_THE_ENTRY & given.keys()}
    whole = {name: value for name, value in given.items() if name not in OF_THE_ENTRY | {"subscription"}}
    update_rules.check(subscription, whole | {"items": [entry]})
    with world.at(world.time_of(subscription["customer"])):
        before = snapshot(subscription)
        wanted = subscription_change.wanted_of(whole | {"items": [entry]}, path="")
        behavior = given.get("payment_behavior", "allow_incomplete")
        subscription_update.change(world, subscription, wanted, before, behavior)


def listed(call: Call) -> Obj:
    """GET /v1/subscription_items?subscription=."""
    call.named("subscription", "subscription")
    found = matching(call.world.all("subscription_item"), call.params, "subscription")
    return page(found, call.params, call.url, "subscription_item")


_SI = "_subscription_item_"
_HOW = "metadata payment_behavior price proration_behavior proration_date quantity"
ROUTES = [
    Route("GET", "/v1/subscription_items", _SI + "list_params:SubscriptionItemListParams", listed),
    Route(
        "POST",
        "/v1/subscription_items",
        _SI + "create_params:SubscriptionItemCreateParams",
        create,
        names(_HOW + " subscription"),
    ),
    Route("GET", "/v1/subscription_items/{id}", _SI + "retrieve_params:SubscriptionItemRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/subscription_items/{id}",
        _SI + "update_params:SubscriptionItemUpdateParams",
        update,
        names(_HOW),
    ),
    Route(
        "DELETE",
        "/v1/subscription_items/{id}",
        _SI + "delete_params:SubscriptionItemDeleteParams",
        delete,
        names("payment_behavior proration_behavior proration_date"),
    ),
]
