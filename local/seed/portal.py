"""The stand-in's customer portal as somebody would save it in the dashboard: real accounts have theirs from there."""

import json
from typing import Any

import httpx

from local.seed import CATALOG, stripe_client

_DEFAULT_GROUP = "default"


def save_portal_settings(stripe_url: str, key: str) -> None:
    """Let customers see invoices, change cards, cancel at the period's end, and switch among the plans of a group.

    A plan that is stepped down to begins at once in the stand-in, which has no subscription schedules; see
    docs/deploying.md for how a real portal should be set up.
    """
    features = {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price", "quantity"],
            "proration_behavior": "always_invoice",
            "products": _plans(stripe_url, key),
        },
    }
    told = {"business_profile": {"headline": "Plumbline: your plan and your invoices"}, "features": features}
    answer = httpx.post(f"{stripe_url}/_control/portal_settings", json=told, trust_env=False, timeout=20)
    answer.raise_for_status()


def _plans(stripe_url: str, key: str) -> list[dict[str, Any]]:
    """The plans of the default group: the portal would switch anything that is listed for anything else."""
    wanted = {entry["lookup_key"]: entry["product"]["metadata"] for entry in json.loads(CATALOG.read_text())}
    prices = stripe_client(stripe_url, key).v1.prices
    listed = prices.list({"lookup_keys": list(wanted), "active": True, "type": "recurring"})
    return [
        {"product": str(price.product), "prices": [price.id]}
        for price in listed.data
        if wanted[price.lookup_key or ""].get("plan_group", _DEFAULT_GROUP) == _DEFAULT_GROUP
    ]
