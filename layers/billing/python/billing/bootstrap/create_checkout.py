"""Builds create_checkout."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.bootstrap.world import redis_cache
from billing.config.checkout import CheckoutSettings, checkout_settings
from billing.services.start_checkout import CheckoutDeps

if TYPE_CHECKING:
    import stripe


def checkout_dependencies() -> CheckoutDeps:
    """The world of create_checkout; the cache's time budget begins anew with each call."""
    deps, cached = _built(stripe_sdk(_settings().converge.stripe))
    cached.start_request()
    return deps


@lru_cache(maxsize=1)
def _built(client: stripe.StripeClient) -> tuple[CheckoutDeps, UpstashCache]:
    settings = _settings()
    core = settings.converge
    cached = redis_cache(core.redis)
    deps = CheckoutDeps(
        converge=converge_deps(core.tables, client, core.policy, livemode=core.stripe.livemode),
        catalog=StripeCatalog(client, core.policy.levels),
        stripe=StripeSessions(client, core.app_url, settings.api_url),
        checkouts=DynamoCheckouts(dynamodb(), core.tables),
        cache=cached,
        selling=settings.selling,
    )
    return deps, cached


@cache
def _settings() -> CheckoutSettings:
    return checkout_settings()
