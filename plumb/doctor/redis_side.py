"""Redis: every function of the cache adapter, on keys of their own; and what it is used for."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing.domain.ids import CustomerId, EventId, SessionId, UserId
from billing.observability import NAMESPACE
from billing.ports.cache import PublishedAccount
from plumb.cached import OF_CUSTOMER, OF_USER
from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.world import World

if TYPE_CHECKING:
    from upstash_redis import Redis

_USER = UserId("doctor")
_EVENT = EventId("evt_doctor")
_SESSION = SessionId("cs_doctor")
_CUSTOMER = CustomerId("cus_doctor")
_WRITTEN = (
    *(f"{kind}:{_USER}" for kind in OF_USER),
    *(f"{OF_CUSTOMER}:{_CUSTOMER}", f"webhook:done:{_EVENT}", f"checkout:success:{_SESSION}"),
)
_HOUR_SECONDS = 3600
_MEND = "Check the url and token in the secret, and the database's page at Upstash."


def functions(world: World) -> Iterator[Finding]:
    """Write, compare versions, read back, look at the times to live, lock; then remove what was written.

    Through the adapter itself, under a prefix that nobody else has: what works here works in the functions.
    """
    prefix = f"{world.settings.redis.prefix}doctor:{secrets.token_hex(8)}:"
    redis = world.redis  # first, so that a secret which can't be read says so itself
    if not world.cache(prefix).publish([_state(world, 5, "PRO")], [_EVENT]):
        why = world.log.last_warning[1].get("error", "no answer") if world.log.last_warning else "no answer"
        yield fail("redis", f"A write did not succeed ({why}).", _MEND)
        return
    yield ok("redis", "SET and EVAL work in a pipeline.")
    try:
        yield from _functions(world, prefix)
    finally:
        left = _asked(redis, "DEL", *(f"{prefix}{name}" for name in _WRITTEN))
    if not isinstance(left, int):
        yield warn("redis", "The doctor's own keys could not be removed.", "They end by themselves within four days.")


def _functions(world: World, prefix: str) -> Iterator[Finding]:
    cache = world.cache(prefix)
    read = cache.entitlement(_USER)
    if read is None or (read.level, read.version) != ("PRO", 5) or not cache.is_done(_EVENT):
        yield fail("redis", "What was written can't be read back.", _MEND)
    cache.publish([_state(world, 4, "FREE")], [])
    read = cache.entitlement(_USER)
    if read is None or read.version != 5:
        yield fail("redis", "An older account version replaced a newer one.", "Does this server run Lua (EVAL)?")
    else:
        yield ok("redis", "A cached value is replaced only by a later account version.")
    life = _asked(world.redis, "TTL", f"{prefix}entitlements:{_USER}")
    if not isinstance(life, int) or not 0 < life <= _HOUR_SECONDS:
        yield fail("redis", f"A value that should live an hour has a time to live of {life}.", _MEND)
    else:
        yield ok("redis", "Values end by themselves.")
    first, second = world.cache(prefix), world.cache(prefix)
    if not first.lock_success(_SESSION) or second.lock_success(_SESSION):
        yield fail("redis", "The lock of the success page does not hold.", _MEND)
    else:
        yield ok("redis", "The lock of the success page holds.")


def _state(world: World, version: int, level: str) -> PublishedAccount:
    now = world.clock.now()
    return PublishedAccount(
        user=_USER,
        version=version,
        at=now,
        customer=_CUSTOMER,
        level=level,
        until=now + timedelta(days=1),
        balance=version,
        lowest=False,
    )


def _asked(redis: "Redis", *command: str) -> Any:
    """The answer, or None for whatever the client raises: it has no error type of its own for a broken answer (see
    `billing.adapters.upstash_calls`).
    """
    try:
        return redis.execute(list(command))
    except Exception:  # noqa: BLE001
        return None


@dataclass(frozen=True)
class Usage:
    """What a database says of itself; None where it does not say."""

    keys: int | None = None
    commands: int | None = None
    memory_bytes: int | None = None
    hits: int | None = None
    misses: int | None = None
    source: str = "redis"
    """Where hits and misses are from: `redis` counts every read of the database, `metrics` ours of the last day."""

    @property
    def hit_rate(self) -> float | None:
        """Hits of all reads."""
        if self.hits is None or self.misses is None or not self.hits + self.misses:
            return None
        return round(self.hits / (self.hits + self.misses), 4)


def usage(world: World) -> Usage:
    """Size, commands and hit rate, by DBSIZE and INFO; hits and misses by our own metrics where INFO has none.

    Upstash answers INFO with the sections server, clients, memory, stats, cluster and keyspace, and says that fields
    may be added (https://upstash.com/docs/redis/commands/server/info): so it is read defensively.
    """
    redis = world.redis
    keys, info = _asked(redis, "DBSIZE"), _fields(_asked(redis, "INFO"))
    hits, misses, source = info.get("keyspace_hits"), info.get("keyspace_misses"), "redis"
    if (hits is None or misses is None) and not world.site.local:
        hits, misses, source = _metric(world, "CacheHits"), _metric(world, "CacheMisses"), "metrics"
    return Usage(
        keys=keys if isinstance(keys, int) else None,
        commands=info.get("total_commands_processed"),
        memory_bytes=info.get("used_memory"),
        hits=hits,
        misses=misses,
        source=source,
    )


def _fields(report: object) -> dict[str, int]:
    """The lines of INFO whose value is a whole number."""
    found = {}
    for line in report.splitlines() if isinstance(report, str) else ():
        name, separator, value = line.partition(":")
        if separator and value.strip().isdecimal():
            found[name.strip()] = int(value)
    return found


def _metric(world: World, name: str) -> int:
    """The last day's sum of one of our metrics, over all functions and kinds."""
    cloudwatch = world.aws("cloudwatch")
    namespace = world.site.environment.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=name)
    listed = [metric for page in pages for metric in page["Metrics"]]
    now, total = world.clock.now(), 0.0
    for metric in listed:
        answer = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=metric["Dimensions"],
            StartTime=now - timedelta(days=1),
            EndTime=now,
            Period=86_400,
            Statistics=["Sum"],
        )
        total += sum(point["Sum"] for point in answer["Datapoints"])
    return int(total)
