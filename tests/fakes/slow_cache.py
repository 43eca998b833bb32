"""The command's cache over a Redis in memory that takes seconds for each call: a budget ends after two of them."""

from __future__ import annotations

import itertools

from billing.adapters.upstash_cache import UpstashCache
from plumb.world import CACHE_BUDGET
from tests.fakes.core import Core
from tests.simulation.stores.redis import Redis, SimulatedTime

PREFIX = "local:test:1:"


class SlowCache:
    """The cache, and what it has kept."""

    def __init__(self, core: Core) -> None:
        self.redis = Redis(lambda: core.clock.now().timestamp())
        ticks = itertools.count()
        watch = SimulatedTime(lambda: float(next(ticks)))
        self.cache = UpstashCache(lambda: self.redis, PREFIX, core.clock, core.log, core.metrics, CACHE_BUDGET, watch)

    def credits(self) -> dict[str, str]:
        """The cached balance of each user that has one."""
        found = {key.rpartition(":")[2]: self.redis.peek(key) for key in self.redis.kept() if ":credits:" in key}
        return {user: (text or "").partition(" ")[0] for user, text in found.items()}
