"""Builds create_checkout."""

from __future__ import annotations

from functools import cache

from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.bootstrap.world import redis_cache
from billing.config import checkout_settings
from billing.services.start_checkout import CheckoutDeps


def checkout_dependencies() -> CheckoutDeps:
    """The world of create_checkout; the cache's time budget begins anew with each call."""
    deps, cached = _built()
    cached.start_request()
    return deps


@cache
def _built() -> tuple[CheckoutDeps, UpstashCache]:
    settings = checkout_settings()
    core = settings.converge
    client = stripe_sdk(core.stripe)
    cached = redis_cache(core.redis)
    deps = CheckoutDeps(
        converge=converge_deps(core.tables, core.stripe, core.policy),
        catalog=StripeCatalog(client, core.policy.levels),
        stripe=StripeSessions(client, core.app_url, settings.api_url),
        checkouts=DynamoCheckouts(dynamodb(), core.tables),
        cache=cached,
        selling=settings.selling,
    )
    return deps, cached
