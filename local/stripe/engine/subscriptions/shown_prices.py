"""The prices that subscriptions and checkout sessions show: each is the price as it is now, not as it was once.

An item holds its price itself, "the price the customer is subscribed to"
(https://docs.stripe.com/api/subscription_items/object#subscription_item_object-price), and a price's metadata, name and
state can be changed at any time (https://docs.stripe.com/api/prices/update).
"""

from __future__ import annotations

from local.stripe.engine.subscriptions import subscription_objects
from local.stripe.engine.world import Obj, World, snapshot


def follow(world: World, event: str, obj: Obj) -> None:
    """Show the price as it is from now on, wherever it is shown."""
    if event != "price.updated":
        return
    for subscription in world.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["price"]["id"] == obj["id"]:
                item |= {"price": snapshot(obj), "plan": subscription_objects.plan(obj)}
    for session in world.all("checkout.session"):
        for line in world.hidden[session["id"]].lines:
            if line["price"]["id"] == obj["id"]:
                line["price"] = snapshot(obj)
