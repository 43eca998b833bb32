"""What Stripe will do by itself with a subscription: its next periods and the notices before them."""

from __future__ import annotations

from local.stripe.engine.subscriptions.periods import DAY
from local.stripe.engine.world import Obj, World

TRIAL_NOTICE = 3 * DAY
"""`customer.subscription.trial_will_end` comes three days before, or at once for a shorter trial.

https://docs.stripe.com/billing/subscriptions/trials/free-trials#track-trial-status
"""
UPCOMING_NOTICE = 7 * DAY
"""`invoice.upcoming` comes some days before a renewal: 3, 7, 15, 30 or 45 as the account has it, 7 unless it was set.

https://docs.stripe.com/billing/subscriptions/webhooks#additional-action
"""
FIRST_PAYMENT = 23 * 3600
"""An `incomplete` subscription, and a pending update, wait so long for their payment.

https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
"""


def plan_ahead(world: World, subscription: Obj) -> None:
    """Put the ends of the items' periods on the calendar; what is there and no longer true is passed over when due."""
    now = world.now()
    ends = sorted({item["current_period_end"] for item in subscription["items"]["data"]})
    for end in ends:
        world.plan(end, "period", subscription["id"])
        if end - UPCOMING_NOTICE > now:
            world.plan(end - UPCOMING_NOTICE, "upcoming", subscription["id"])
    if subscription["status"] == "trialing":
        notice = max(subscription["trial_end"] - TRIAL_NOTICE, now)
        world.plan(notice, "trial_will_end", subscription["id"])
