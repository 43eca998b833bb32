"""What may be cached when tables are mended: nothing that the tables don't know of (F48, money rules 25 and 29)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from upstash_redis import Redis

from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_client import open_redis
from billing.domain.ids import CustomerId, EventId, UserId
from billing.ports.cache import PublishedAccount
from plumb.errors import PlumbError
from plumb.restore.fresh import must_be_fresh
from tests.fakes.world import FakeClock, FakeLog, FakeMetrics
from tests.unit.billing.adapters.http_servers import TOKEN, upstash

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
ALICE = UserId("alice")
STATE = PublishedAccount(ALICE, 7, NOW, CustomerId("cus_1"), "PRO", None, 500, lowest=False)
PREFIX = "dev:test:1:"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with upstash() as url:
        yield url


@pytest.fixture
def redis(url: str) -> Iterator[Redis]:
    with open_redis(url, TOKEN, timeout=10) as client:
        yield client
        client.flushall()


def publish(redis: Redis, *done: str, prefix: str = PREFIX) -> None:
    cache = UpstashCache(lambda: redis, prefix, FakeClock(NOW), FakeLog(), FakeMetrics(), budget=10)
    assert cache.publish([STATE], [EventId(event) for event in done])


def check(redis: Redis, standing: Mapping[str, int]) -> None:
    must_be_fresh(redis, PREFIX, lambda user: standing.get(user, 0))


def test_nothing_is_cached(redis: Redis) -> None:
    publish(redis, prefix="dev:test:0:")
    check(redis, {})


@pytest.mark.parametrize("version", [7, 8])
def test_what_a_resync_has_published_since_is_known_to_the_tables(redis: Redis, version: int) -> None:
    """So a mend may be done again after it."""
    publish(redis)
    check(redis, {ALICE: version})


@pytest.mark.parametrize("standing", [{}, {ALICE: 6}])
def test_a_version_that_no_account_has_would_stay(redis: Redis, standing: dict[str, int]) -> None:
    publish(redis)
    with pytest.raises(PlumbError, match="a RedisEpoch that is one higher"):
        check(redis, standing)


def test_a_mark_that_an_event_is_done_may_be_of_what_was_lost(redis: Redis) -> None:
    publish(redis, "evt_1")
    with pytest.raises(PlumbError, match=r"webhook:done:evt_1"):
        check(redis, {ALICE: 7})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("checkout:open:alice:0123", '{"version":1,"user":"alice"}'),
        ("credits:alice", "500"),
        ("credits:alice", "500 {"),
        ("credits:alice", "500 [{}]"),
        ("credits:alice", '500 {"version":"7","user":"alice"}'),
        ("credits:alice", '500 {"version":7,"user":7}'),
        ("credits:alice", '500 {"version":7}'),
    ],
)
def test_what_names_no_version_of_an_account_is_not_believed(redis: Redis, key: str, text: str) -> None:
    redis.set(f"{PREFIX}{key}", text)
    with pytest.raises(PlumbError, match="Redis still has"):
        check(redis, {ALICE: 7})
