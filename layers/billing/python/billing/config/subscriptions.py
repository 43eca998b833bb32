"""Settings of subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config.converge import ConvergeSettings, converge_of
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """Of the function that opens the customer portal and changes subscriptions."""

    converge: ConvergeSettings
    portal_configuration: str | None
    """Which configuration of the customer portal is used; None is Stripe's default one."""
    max_quantity: int
    adopt_customers: bool


def subscription_settings(environ: Mapping[str, str] | None = None) -> SubscriptionSettings:
    """Settings of subscriptions; raises Misconfigured."""
    env = Environment(environ)
    return SubscriptionSettings(
        converge=converge_of(env),
        portal_configuration=env.text("PORTAL_CONFIGURATION", default="", pattern=r"bpc_[A-Za-z0-9]+") or None,
        max_quantity=env.whole("MAX_QUANTITY", low=1, high=999_999),
        adopt_customers=env.flag("ADOPT_CUSTOMERS"),
    )
