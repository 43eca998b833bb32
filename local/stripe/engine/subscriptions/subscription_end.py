"""The end of a subscription: by its customer, in the dashboard, or after the last refused payment."""

from __future__ import annotations

from local.stripe.engine.subscriptions import resumption, subscription_apply
from local.stripe.engine.world import Obj, World, snapshot


def end(world: World, subscription: Obj, reason: str) -> None:
    """Cancel for good; what is not paid yet is not tried any more. https://docs.stripe.com/billing/subscriptions/cancel"""
    now = world.now()
    subscription |= {"status": "canceled", "ended_at": now, "canceled_at": subscription["canceled_at"] or now}
    subscription["cancellation_details"]["reason"] = subscription["cancellation_details"]["reason"] or reason
    for invoice in world.all("invoice"):
        details = (invoice["parent"] or {}).get("subscription_details")
        mine = details is not None and details["subscription"] == subscription["id"]
        if mine and invoice["status"] == "draft":
            invoice["auto_advance"] = False
        if mine and invoice["status"] == "open":
            invoice |= {"auto_advance": False, "next_payment_attempt": None}
    for waiting in (subscription_apply.PENDING, resumption.PENDING):
        world.hidden.pop(subscription["id"] + waiting, None)
    subscription["pending_update"] = None
    world.emit("customer.subscription.deleted", subscription)


def expire(world: World, subscription: Obj) -> None:
    """Give up a subscription whose first payment did not come within 23 hours: for good, and without a `deleted` event.

    https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
    """
    before = snapshot(subscription)
    subscription |= {"status": "incomplete_expired", "ended_at": world.now()}
    world.emit("customer.subscription.updated", subscription, before)
