"""Builds subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.portal import StripePortalSessions
from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.bootstrap.world import redis_cache
from billing.config.subscriptions import SubscriptionSettings, subscription_settings
from billing.services.change_subscription import ChangeDeps
from billing.services.open_portal import PortalDeps

if TYPE_CHECKING:
    import stripe


@dataclass(frozen=True, slots=True)
class SubscriptionsWorld:
    """What the handler needs: the worlds of its two services."""

    portal: PortalDeps
    change: ChangeDeps


def subscriptions_dependencies() -> SubscriptionsWorld:
    """The world of subscriptions; the cache's time budget begins anew with each call."""
    world, cached = _built(stripe_sdk(_settings().converge.stripe))
    cached.start_request()
    return world


@lru_cache(maxsize=1)
def _built(client: stripe.StripeClient) -> tuple[SubscriptionsWorld, UpstashCache]:
    settings = _settings()
    core = settings.converge
    cached = redis_cache(core.redis)
    converge = converge_deps(core.tables, client, core.policy, livemode=core.stripe.livemode)
    world = SubscriptionsWorld(
        portal=PortalDeps(
            converge=converge,
            stripe=StripeSessions(client, core.app_url, ""),
            portal=StripePortalSessions(client, core.app_url, settings.portal_configuration),
            cache=cached,
            adopting=settings.adopt_customers,
        ),
        change=ChangeDeps(
            converge=converge,
            catalog=StripeCatalog(client, core.policy.levels),
            stripe=StripePlanChanges(client, core.policy.levels),
            cache=cached,
            max_quantity=settings.max_quantity,
        ),
    )
    return world, cached


@cache
def _settings() -> SubscriptionSettings:
    return subscription_settings()
