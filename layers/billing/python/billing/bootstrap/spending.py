"""What every function that uses credits is built of. No Stripe here: a spend must not wait for it, nor load its SDK."""

from __future__ import annotations

from functools import cache

from billing.adapters.dynamodb.credit_store import DynamoCredits
from billing.adapters.system import SystemClock, SystemRandomness
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.stored import access_policy, dynamodb
from billing.bootstrap.world import redis_cache
from billing.config.credits import CreditsSettings
from billing.observability import log, metrics
from billing.services.perform_once import CreditDeps


@cache
def credit_deps(settings: CreditsSettings) -> tuple[CreditDeps, UpstashCache]:
    """The world of credits, and its cache, whose time budget begins anew with each call of the function."""
    cached = redis_cache(settings.redis)
    deps = CreditDeps(
        credits=DynamoCredits(dynamodb(), settings.tables),
        cache=cached,
        clock=SystemClock(),
        random=SystemRandomness(),
        log=log(),
        metrics=metrics(),
        policy=access_policy(settings.policy),
    )
    return deps, cached
