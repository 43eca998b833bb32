"""Builds success_sync."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.world import redis_cache
from billing.config import success_settings
from billing.services.sync_after_checkout import SyncDeps


@dataclass(frozen=True, slots=True)
class SuccessWorld:
    """What the handler needs: the service's world, and where the app's return page is."""

    sync: SyncDeps
    return_page: str


def success_dependencies() -> SuccessWorld:
    """The world of success_sync; the cache's time budget begins anew with each call."""
    world, cached = _built()
    cached.start_request()
    return world


@cache
def _built() -> tuple[SuccessWorld, UpstashCache]:
    settings = success_settings()
    cached = redis_cache(settings.redis)
    sync = SyncDeps(
        converge=converge_deps(settings.tables, settings.stripe, settings.policy),
        checkouts=DynamoCheckouts(dynamodb(), settings.tables),
        cache=cached,
    )
    return SuccessWorld(sync, f"{settings.app_url}/checkout/return"), cached
