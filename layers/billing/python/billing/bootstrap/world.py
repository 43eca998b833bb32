"""What more than one function builds: secrets and the cache."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.aws_client import secrets_client
from billing.adapters.secrets_manager import SecretsManager, secret_text
from billing.adapters.system import SystemClock
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_calls import BUDGET
from billing.adapters.upstash_client import open_redis
from billing.config import RedisAccess
from billing.observability import log, metrics

if TYPE_CHECKING:
    from upstash_redis import Redis


@cache
def redis_cache(access: RedisAccess, budget: float = BUDGET) -> UpstashCache:
    """The cache of this process. Its client is the same until the secret holds another URL or token.

    `budget` is what all of Redis may cost one invocation, in seconds.
    """

    def connect() -> Redis:
        secrets = secrets_manager()
        return _redis(secret_text(secrets, access.secret, "url"), secret_text(secrets, access.secret, "token"), budget)

    return UpstashCache(connect, access.prefix, SystemClock(), log(), metrics(), budget)


@lru_cache(maxsize=1)
def _redis(url: str, token: str, budget: float) -> Redis:
    return open_redis(url, token, budget)


@cache
def secrets_manager() -> SecretsManager:
    """The secrets of this process."""
    return SecretsManager(secrets_client, SystemClock())
