"""What becomes of a subscription when its invoice is paid, refused, voided or written off.

https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
"""

from __future__ import annotations

from local.stripe.engine.subscriptions import resumption, subscription_apply, subscription_end
from local.stripe.engine.world import Obj, World, snapshot

LAST_REFUSAL = "after_last_retry"
"""The account's setting: cancel (the default), unpaid or past_due.

https://docs.stripe.com/billing/revenue-recovery/smart-retries#failed-payment-action
"""


def subscription_of(world: World, invoice: Obj) -> Obj | None:
    """The subscription that an invoice is for, if it is for one."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return world.need("subscription", details["subscription"]) if details else None


def paid(world: World, invoice: Obj) -> None:
    """A paid invoice applies what waited for it, resumes, and recovers."""
    subscription = subscription_of(world, invoice)
    if subscription is None:
        return
    if subscription_apply.waits_for(world, subscription, invoice):
        subscription_apply.paid(world, subscription)
    if resumption.waits_for(world, subscription, invoice):
        resumption.complete(world, subscription)
    if subscription["status"] in ("incomplete", "past_due", "unpaid") and _settled(world, subscription):
        _move(world, subscription, "active")


def _settled(world: World, subscription: Obj) -> bool:
    """Whether the newest invoice that asks for money has been paid; drafts and void ones do not ask."""
    for invoice in world.all("invoice"):
        if subscription_of(world, invoice) is subscription and invoice["status"] not in ("draft", "void"):
            return bool(invoice["status"] == "paid")
    return False


def refused(world: World, invoice: Obj, *, last: bool) -> None:
    """A refusal makes the subscription past due; the last one ends it, or whatever the account has set."""
    subscription = subscription_of(world, invoice)
    if subscription is None or subscription_apply.waits_for(world, subscription, invoice):
        return
    if resumption.waits_for(world, subscription, invoice):
        resumption.refused(world, subscription)
    elif subscription["status"] == "active":
        _move(world, subscription, "past_due")
    elif last and subscription["status"] == "past_due":
        wish = world.settings.get(LAST_REFUSAL, "cancel")
        if wish == "cancel":
            subscription_end.end(world, subscription, "payment_failed")
        elif wish == "unpaid":
            _move(world, subscription, "unpaid")


def retried(world: World, invoice: Obj) -> bool:
    """Whether Stripe tries a refused invoice again by itself."""
    subscription = subscription_of(world, invoice)
    if subscription is None:
        return False
    parked = subscription_apply.waits_for(world, subscription, invoice)
    return not parked and subscription["status"] != "incomplete" and resumption.retried(world, subscription, invoice)


def voided(world: World, invoice: Obj) -> None:
    """What waited for a void invoice is given up."""
    subscription = subscription_of(world, invoice)
    if subscription is None:
        return
    if subscription_apply.waits_for(world, subscription, invoice):
        subscription_apply.give_up(world, subscription)
    if resumption.waits_for(world, subscription, invoice):
        resumption.give_up(world, subscription)


def written_off(world: World, invoice: Obj) -> None:
    """An uncollectible resumption invoice resumes all the same."""
    subscription = subscription_of(world, invoice)
    if subscription is not None and resumption.waits_for(world, subscription, invoice):
        resumption.complete(world, subscription)


def _move(world: World, subscription: Obj, status: str) -> None:
    before = snapshot(subscription)
    subscription["status"] = status
    world.emit("customer.subscription.updated", subscription, before)
