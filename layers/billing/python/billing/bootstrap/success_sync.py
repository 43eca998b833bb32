"""Builds success_sync."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.bootstrap.world import redis_cache
from billing.config.converge import ConvergeSettings, success_settings
from billing.services.sync_after_checkout import SyncDeps

if TYPE_CHECKING:
    import stripe


@cache
def return_page() -> str:
    """Where the app takes over from Stripe's checkout page."""
    return f"{_settings().app_url}/checkout/return"


def success_dependencies() -> SyncDeps:
    """The world of success_sync; the cache's time budget begins anew with each call."""
    deps, cached = _built(stripe_sdk(_settings().stripe))
    cached.start_request()
    return deps


@lru_cache(maxsize=1)
def _built(client: stripe.StripeClient) -> tuple[SyncDeps, UpstashCache]:
    settings = _settings()
    cached = redis_cache(settings.redis)
    deps = SyncDeps(
        converge=converge_deps(settings.tables, client, settings.policy, livemode=settings.stripe.livemode),
        checkouts=DynamoCheckouts(dynamodb(), settings.tables),
        cache=cached,
    )
    return deps, cached


@cache
def _settings() -> ConvergeSettings:
    return success_settings()
