"""The real cache, its budget and its breaker, over Redis in memory and a time that is made: no thread, no waiting."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.adapters.upstash_cache import UpstashCache
from billing.domain.ids import EventId, UserId
from billing.ports.cache import PublishedAccount
from tests.fakes.world import FakeLog, FakeMetrics
from tests.simulation.stores.redis import Redis, SimulatedTime

START = 1_800_000_000.0
EVENT = EventId("evt_1")
PREFIX = "dev:test:1:"


class World:
    """A cache whose Redis takes as long as a test says."""

    def __init__(self) -> None:
        self.moment = START
        self.takes = 0.0
        self.asked = 0
        self.threads: set[int] = set()
        """Those in which Redis was asked."""
        self.redis = Redis(lambda: self.moment)
        self.metrics = FakeMetrics()
        watch = SimulatedTime(lambda: self.moment)
        self.cache = UpstashCache(lambda: self.redis, PREFIX, self, FakeLog(), self.metrics, watch=watch)
        front: Any = self.redis._http
        execute: Callable[..., Any] = front.execute

        def slow(*given: Any, **more: Any) -> Any:
            self.asked += 1
            self.threads.add(threading.get_ident())
            self.moment += self.takes
            return execute(*given, **more)

        front.execute = slow

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.moment, UTC)

    def sleep(self, seconds: float) -> None:
        self.moment += seconds


@pytest.fixture
def world() -> World:
    return World()


def account(world: World, version: int) -> PublishedAccount:
    until = world.now() + timedelta(hours=5)
    return PublishedAccount(UserId("alice"), version, world.now(), None, "PRO", until, 500, False, {})


def test_what_is_published_is_read_in_the_same_thread(world: World) -> None:
    assert world.cache.publish([account(world, 7)], [EVENT])
    assert world.cache.publish([account(world, 6)], [])
    found = world.cache.entitlement(UserId("alice"))
    assert (found.level, found.version) == ("PRO", 7) if found else None
    assert world.cache.is_done(EVENT)
    assert world.threads == {threading.get_ident()}


def test_a_redis_that_is_too_slow_is_left_alone_until_the_pause_is_over(world: World) -> None:
    """F19: the budget and the pause are of simulated time."""
    assert world.cache.publish([], [EVENT])
    world.takes = 0.5
    assert not world.cache.is_done(EVENT)
    world.takes, asked = 0.0, world.asked
    for _ in range(3):
        world.cache.start_request()
        assert not world.cache.is_done(EVENT)
    assert world.asked == asked
    world.moment += 31
    world.cache.start_request()
    assert world.cache.is_done(EVENT)


def test_a_publish_whose_answer_came_too_late_has_happened(world: World) -> None:
    world.takes = 0.5
    assert not world.cache.publish([account(world, 7)], [])
    world.takes = 0.0
    assert world.redis.peek(f"{PREFIX}credits:alice") is not None


def test_lua_keeps_nothing_of_a_redis_that_is_over() -> None:
    """A million runs share one Lua, and each has a Redis of its own, by which all the run hangs."""
    world = World()
    assert world.cache.publish([account(world, 7)], [])
    redis = weakref.ref(world.redis)
    del world
    gc.collect()
    assert redis() is None
