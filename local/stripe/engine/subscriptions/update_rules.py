"""What Stripe refuses of an update of a subscription as a whole. https://docs.stripe.com/api/subscriptions/update"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.errors import invalid_request, not_offered
from local.stripe.engine.world import Obj

ENDED = ("canceled", "incomplete_expired")
ABOUT_MONEY = frozenset({"items", "billing_cycle_anchor", "trial_end"})
OF_ENDED = frozenset({"cancellation_details", "metadata"})
OF_INCOMPLETE = frozenset({"default_payment_method", "default_source", "description", "metadata"})
OF_PENDING = ABOUT_MONEY | {"metadata", "payment_behavior", "proration_behavior", "proration_date"}
"""https://docs.stripe.com/billing/subscriptions/pending-updates-reference#supported-attributes"""


def check(subscription: Obj, given: dict[str, Any]) -> None:
    """Refuse what the status, or another parameter, does not allow."""
    status, names = subscription["status"], given.keys() - {"expand"}
    if status in ENDED and names - OF_ENDED:
        raise invalid_request(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    if status == "incomplete" and names - OF_INCOMPLETE:
        wrong = min(names - OF_INCOMPLETE)
        raise invalid_request(
            f"Cannot update {wrong} on an incomplete subscription. Only metadata, description, default_source and "
            "default_payment_method can be updated.",
            param=wrong,
            code="status_transition_invalid",
        )
    if status == "paused" and "trial_end" in given:
        raise invalid_request(
            "You cannot set `trial_end` while a subscription is `paused`. Resume the subscription first before setting "
            "`trial_end`."
        )
    if given.get("payment_behavior") == "pending_if_incomplete" and names - OF_PENDING:
        wrong = min(names - OF_PENDING)
        raise invalid_request(
            f"You cannot pass `{wrong}` when `payment_behavior` is `pending_if_incomplete`.", param=wrong
        )
    if "cancel_at_period_end" in given and given.get("cancel_at", "") != "":
        raise invalid_request("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
    if "trial_end" in given and given.get("billing_cycle_anchor", {}).get("type") == "now":
        raise invalid_request("You may only specify one of these parameters: billing_cycle_anchor, trial_end.")
    if given.get("trial_settings", {}).get("end_behavior", {}).get("billing_cycle_anchor") == "unchanged":
        raise not_offered("trial_settings[end_behavior][billing_cycle_anchor]=unchanged")
