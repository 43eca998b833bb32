"""Builds account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.ledger_store import DynamoLedger
from billing.adapters.system import SystemClock
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.stored import access_policy, dynamodb
from billing.bootstrap.world import redis_cache
from billing.config.account import AccountSettings, account_settings
from billing.services.read_account import ReadDeps

if TYPE_CHECKING:
    from billing.ports.stripe import Catalog


@dataclass(frozen=True, slots=True)
class AccountWorld:
    """What the handler needs: the reading services' world, and how to reach the catalog."""

    read: ReadDeps
    settings: AccountSettings

    def catalog(self) -> Catalog:
        """Stripe's catalog; only a request that misses the cache pays for importing the SDK."""
        from billing.adapters.stripe_api.catalog import StripeCatalog
        from billing.bootstrap.stripe_sdk import stripe_sdk

        return StripeCatalog(stripe_sdk(self.settings.stripe), self.settings.policy.levels)


def account_dependencies() -> AccountWorld:
    """The world of account; the cache's time budget begins anew with each call."""
    world, cached = _built()
    cached.start_request()
    return world


@cache
def _built() -> tuple[AccountWorld, UpstashCache]:
    settings = account_settings()
    cached = redis_cache(settings.redis)
    read = ReadDeps(
        accounts=DynamoAccounts(dynamodb(), settings.tables),
        ledger=DynamoLedger(dynamodb(), settings.tables),
        cache=cached,
        clock=SystemClock(),
        policy=access_policy(settings.policy),
    )
    return AccountWorld(read, settings), cached
