"""The end of a subscription: by its customer, in the dashboard, or after the last refused payment."""

from __future__ import annotations

from local.stripe.engine.world import Obj, World


def end(world: World, subscription: Obj, reason: str) -> None:
    """Cancel for good; open invoices of a failed payment are voided, as the default setting does."""
    now = world.now()
    subscription |= {"status": "canceled", "ended_at": now, "canceled_at": subscription["canceled_at"] or now}
    subscription["cancellation_details"]["reason"] = subscription["cancellation_details"]["reason"] or reason
    for invoice in world.all("invoice"):
        mine = invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
        if mine and invoice["status"] == "draft":
            invoice["auto_advance"] = False
        if mine and invoice["status"] == "open":
            invoice |= {"auto_advance": False, "next_payment_attempt": None}
    world.emit("customer.subscription.deleted", subscription)
