"""What more than one function builds: secrets and the cache."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.aws_client import secrets_client
from billing.adapters.secrets_manager import SecretsManager
from billing.adapters.system import SystemClock
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_calls import BUDGET
from billing.adapters.upstash_client import open_redis
from billing.config import RedisAccess
from billing.errors import Misconfigured
from billing.observability import log, metrics

if TYPE_CHECKING:
    from upstash_redis import Redis


@cache
def redis_cache(access: RedisAccess, budget: float = BUDGET) -> UpstashCache:
    """The cache of this process. Its client is the same until the secret holds another URL or token.

    `budget` is what all of Redis may cost one invocation, in seconds.
    """

    def connect() -> Redis:
        return _redis(secret_text(access.secret, "url"), secret_text(access.secret, "token"), budget)

    return UpstashCache(connect, access.prefix, SystemClock(), log(), metrics(), budget)


@lru_cache(maxsize=1)
def _redis(url: str, token: str, budget: float) -> Redis:
    return open_redis(url, token, budget)


@cache
def secrets_manager() -> SecretsManager:
    """The secrets of this process."""
    return SecretsManager(secrets_client, SystemClock())


def secret_text(name: str, field: str) -> str:
    """A text of a secret; raise Misconfigured, without showing it, when it is not there."""
    value = secrets_manager().read(name).get(field)
    if not isinstance(value, str) or not value:
        raise Misconfigured(f"the secret {name} has no {field}", secret=name)
    return value
