"""What could not be published while Redis was away does not stay old in it afterwards (F19, F22)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest
from upstash_redis import Redis

from billing.adapters.upstash_breaker import PAUSE
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_client import open_redis
from billing.domain.ids import CustomerId, UserId
from billing.errors import SecretsUnavailable
from billing.ports.cache import PublishedAccount
from tests.fakes.world import FakeClock, FakeLog, FakeMetrics, raising
from tests.unit.billing.adapters.http_servers import TOKEN, upstash

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
ALICE, BOB = UserId("alice"), UserId("bob")
STATE = PublishedAccount(ALICE, 7, NOW, CustomerId("cus_1"), "PRO", None, 500, lowest=False)


@dataclass
class Writer:
    """A process that publishes, over the local Upstash; and another one that its pause is nothing to."""

    redis: Redis
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))

    def __post_init__(self) -> None:
        self.down = self.stumbles = False
        self.metrics = FakeMetrics()
        self.cache = UpstashCache(self._connect, "dev:test:1:", self.clock, FakeLog(), self.metrics, budget=10)
        self.other = UpstashCache(lambda: self.redis, "dev:test:1:", self.clock, FakeLog(), FakeMetrics(), budget=10)

    def _connect(self) -> Redis:
        if self.down:
            raise SecretsUnavailable("throttled")
        if self.stumbles:
            self.stumbles = False
            return cast("Redis", SimpleNamespace(pipeline=raising(ConnectionError("closed while it was idle"))))
        return self.redis

    def lose(self, *states: PublishedAccount) -> None:
        """Publish while Redis can't be reached."""
        self.down = True
        for state in states:
            self.cache.start_request()
            assert not self.cache.publish([state], [])
        self.down = False

    def publish(self, state: PublishedAccount) -> None:
        """Publish after the pause."""
        self.clock.sleep(PAUSE)
        self.cache.start_request()
        assert self.cache.publish([state], [])

    def level(self, user: UserId) -> str | None:
        self.other.start_request()
        found = self.other.entitlement(user)
        return found.level if found else None


@pytest.fixture
def writer() -> Iterator[Writer]:
    with upstash() as url, open_redis(url, TOKEN, timeout=10) as redis:
        yield Writer(redis)


BOBS = replace(STATE, user=BOB, customer=CustomerId("cus_2"))
REFUNDED = replace(STATE, version=8, level="FREE", balance=0, lowest=True)


@pytest.mark.parametrize("version", [7, 9])
def test_what_a_pause_made_old_is_forgotten_after_it(writer: Writer, version: int) -> None:
    """Else a level that was taken away meanwhile would be read from the cache for an hour (F22)."""
    assert writer.other.publish([replace(STATE, version=version)], [])
    writer.lose(replace(REFUNDED, version=version + 1))
    assert writer.level(ALICE) == "PRO"
    writer.publish(BOBS)
    assert writer.level(ALICE) is None
    kept = {"dev:test:1:entitlements:bob", "dev:test:1:credits:bob", "dev:test:1:stripe:user:bob"}
    assert set(writer.redis.keys("*")) == {*kept, "dev:test:1:stripe:customer:cus_2"}


def test_it_is_forgotten_by_the_second_try_as_well(writer: Writer) -> None:
    """Money rule 25: a connection that was closed while it was idle costs a try and no more."""
    assert writer.other.publish([STATE], [])
    writer.lose(REFUNDED)
    writer.clock.sleep(PAUSE)
    writer.cache.start_request()
    writer.cache.entitlement(BOB)  # Redis is back
    writer.stumbles = True
    writer.publish(BOBS)
    assert (writer.stumbles, writer.level(ALICE)) == (False, None)


def test_it_is_forgotten_once(writer: Writer) -> None:
    writer.lose(REFUNDED)
    writer.publish(BOBS)
    assert writer.other.publish([replace(STATE, version=7)], [])
    writer.publish(BOBS)
    assert writer.level(ALICE) == "PRO"
    assert writer.metrics.samples["RedisCommands"] == [2, 1], "the script that forgets is billed as any other"


@pytest.mark.parametrize(("lost", "version"), [(8, 8), (8, 9), (8, 10), (0, 0)])
def test_what_another_has_published_meanwhile_stays(writer: Writer, lost: int, version: int) -> None:
    writer.lose(replace(REFUNDED, version=lost))
    assert writer.other.publish([replace(STATE, version=version, level="ULTRA")], [])
    writer.publish(BOBS)
    assert writer.level(ALICE) == "ULTRA"


def test_the_latest_of_several_that_were_lost_counts(writer: Writer) -> None:
    """In whatever order they were lost."""
    writer.lose(REFUNDED, replace(STATE, version=6))
    assert writer.other.publish([STATE], [])
    writer.publish(BOBS)
    assert writer.level(ALICE) is None


def test_the_account_itself_is_written_as_it_is_now(writer: Writer) -> None:
    assert writer.other.publish([STATE], [])
    writer.lose(REFUNDED)
    writer.publish(replace(STATE, version=9, level="ULTRA"))
    assert writer.level(ALICE) == "ULTRA"


def test_a_key_of_another_type_is_forgotten_too(writer: Writer) -> None:
    """Else no publish of this process would go through any more, whosever it is: each is to forget that one first."""
    writer.redis.rpush("dev:test:1:entitlements:alice", "PRO")
    writer.lose(REFUNDED)
    writer.publish(BOBS)
    assert not writer.redis.exists("dev:test:1:entitlements:alice")


def test_how_much_is_remembered_has_an_end(writer: Writer) -> None:
    """1,000 keys, the latest; those of before have their time to live."""
    many = [replace(STATE, user=UserId(f"user-{n}"), customer=CustomerId(f"cus_{n}")) for n in range(260)]
    looked_at = [*many[:20], many[-1]]
    assert writer.other.publish(looked_at, [])
    writer.lose(*(replace(state, version=8) for state in many))
    writer.publish(BOBS)
    assert [writer.level(state.user) for state in looked_at] == ["PRO"] * 10 + [None] * 11
