"""Builds success_sync."""

from __future__ import annotations

from functools import cache

from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.world import redis_cache
from billing.config import success_settings
from billing.services.sync_after_checkout import SyncDeps


@cache
def return_page() -> str:
    """Where the app takes over from Stripe's checkout page."""
    return f"{success_settings().app_url}/checkout/return"


def success_dependencies() -> SyncDeps:
    """The world of success_sync; the cache's time budget begins anew with each call."""
    deps, cached = _built()
    cached.start_request()
    return deps


@cache
def _built() -> tuple[SyncDeps, UpstashCache]:
    settings = success_settings()
    cached = redis_cache(settings.redis)
    deps = SyncDeps(
        converge=converge_deps(settings.tables, settings.stripe, settings.policy),
        checkouts=DynamoCheckouts(dynamodb(), settings.tables),
        cache=cached,
    )
    return deps, cached
