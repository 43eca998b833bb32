"""Subscriptions and their items as objects. https://docs.stripe.com/api/subscriptions/object"""

from __future__ import annotations

from typing import Any

from local.stripe.engine import shown_rows
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def trial_settings(given: dict[str, Any] | None) -> Obj:
    """What happens at a trial's end without a payment method; Stripe's default is an invoice that nobody can pay."""
    end = (given or {}).get("end_behavior", {})
    return {
        "end_behavior": {
            "billing_cycle_anchor": end.get("billing_cycle_anchor"),
            "missing_payment_method": end.get("missing_payment_method", "create_invoice"),
        }
    }


def item(world: World, subscription: Obj, price: Obj, quantity: int, period: tuple[int, int], **more: Any) -> Obj:
    """Since 2025-03-31 the period sits on the item, not on the subscription.

    https://docs.stripe.com/changelog/basil/2025-03-31/deprecate-subscription-current-period-start-and-end
    """
    return world.add(
        {
            "id": world.id("si", 14),
            "object": "subscription_item",
            "billed_until": period[1],
            "billing_thresholds": None,
            "created": world.now(),
            "current_period_end": period[1],
            "current_period_start": period[0],
            "discounts": [],
            "metadata": {},
            "plan": plan(price),
            "price": snapshot(price),
            "quantity": quantity,
            "subscription": subscription["id"],
            "tax_rates": [],
            **more,
        }
    )


def attach(world: World, subscription: Obj, item: Obj) -> None:
    """Make an item one of the subscription's."""
    subscription["items"]["data"].append(item)
    shown_rows.note(world, subscription["items"]["data"])


def plan(price: Obj) -> Obj:
    """The price in its old clothes, which an item still wears."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": dict(price["metadata"]),
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": price["recurring"]["trial_period_days"],
        "usage_type": "licensed",
    }


def make(world: World, customer: str, currency: str, trial_end: int | None, data: dict[str, Any]) -> Obj:
    """Keep a new subscription, still without items; `data` holds the parameters that are taken over as they are."""
    now = world.now()
    subscription_id = world.id("sub_1")
    return world.add(
        {
            "id": subscription_id,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": trial_end or data.get("billing_cycle_anchor") or now,
            "billing_cycle_anchor_config": None,
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
            "billing_schedules": [],
            "billing_thresholds": None,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
            "collection_method": "charge_automatically",
            "created": now,
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "days_until_due": None,
            "default_payment_method": data.get("default_payment_method"),
            "default_source": None,
            "default_tax_rates": [],
            "description": data.get("description"),
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "items": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/subscription_items?subscription={subscription_id}",
            },
            "latest_invoice": None,
            "livemode": False,
            "metadata": merge_metadata({}, data.get("metadata")),
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "presentment_details": None,
            "schedule": None,
            "start_date": now,
            "status": "trialing" if trial_end else "incomplete",
            "test_clock": world.need("customer", customer)["test_clock"],
            "transfer_data": None,
            "trial_end": trial_end,
            "trial_settings": trial_settings(data.get("trial_settings")),
            "trial_start": now if trial_end else None,
        }
    )
