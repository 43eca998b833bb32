"""What a subscription takes over from the checkout that started it: its discount and its tax."""

from __future__ import annotations

from local.stripe.engine.world import Obj, World


def apply(world: World, subscription: Obj, discount: Obj | None, *, taxed: bool) -> None:
    """Put the terms on a new subscription, before anybody hears of it."""
    liability = {"type": "self"} if taxed else None
    subscription["automatic_tax"] = {"disabled_reason": None, "enabled": taxed, "liability": liability}
    if discount is not None:
        discount |= {"customer": subscription["customer"], "subscription": subscription["id"]}
        subscription["discounts"] = [discount["id"]]
        world.emit("customer.discount.created", discount)
