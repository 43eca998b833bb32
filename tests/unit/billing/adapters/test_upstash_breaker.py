"""A Redis that does not answer costs one budget in half a minute, not one in each request (F19, F20)."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from upstash_redis import Redis

from billing.adapters.upstash_breaker import PAUSE, Breaker
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_calls import BudgetedRedis, NoCache, WallClock
from billing.adapters.upstash_client import open_redis
from billing.domain.ids import CustomerId, EventId, SessionId, UserId
from billing.errors import Misconfigured, SecretsUnavailable
from billing.ports.cache import PublishedAccount
from tests.fakes.world import FakeClock, FakeLog, FakeMetrics
from tests.unit.billing.adapters.http_servers import TOKEN, BadServer, answer, bad_server, hang, reset

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
ALICE = UserId("alice")
EVENT = EventId("evt_1")
SESSION = SessionId("cs_test_1")
STATE = PublishedAccount(ALICE, 7, NOW, CustomerId("cus_1"), "PRO", None, 500, lowest=False)
LESS = timedelta(milliseconds=1)


@dataclass
class Wire:
    """A server that answers as `play` says now, and the cache in front of it."""

    server: BadServer
    cache: UpstashCache
    clock: FakeClock
    log: FakeLog
    metrics: FakeMetrics

    def ask(self, play: Callable[[socket.socket], None] | None = None) -> bool:
        """One request that asks once, and whether its answer was that of Redis."""
        if play is not None:
            self.server.play = play
        self.cache.start_request()
        return self.cache.is_done(EVENT)

    @property
    def asked(self) -> int:
        return len(self.server.received)


WORKS = answer('{"result": "evt_1"}')


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """With a budget that a busy machine keeps; a test that lets it run out asks for a short one."""
    budget = getattr(request, "param", 10)
    clock, log, metrics = FakeClock(NOW), FakeLog(), FakeMetrics()
    with bad_server(WORKS) as server, open_redis(server.url, TOKEN, timeout=budget) as opened:
        cache = UpstashCache(lambda: opened, "dev:test:1:", clock, log, metrics, budget)
        yield Wire(server, cache, clock, log, metrics)


short = pytest.mark.parametrize("wire", [0.5], indirect=True)
"""A budget that runs out, and in which a busy machine takes the connection."""


@short
def test_a_frozen_redis_costs_one_budget_and_then_nothing_for_half_a_minute(wire: Wire) -> None:
    assert not wire.ask(hang)
    for _ in range(100):
        assert not wire.ask()
        assert not wire.cache.publish([STATE], [EVENT])
        assert not wire.cache.lock_success(SESSION)
        wire.clock.sleep(0.299)
    assert wire.asked == 1
    assert [thread.name for thread in threading.enumerate()].count("redis") <= 1, "a skipped call needs no thread"
    assert wire.metrics.counts["CacheSkipped"] == 300
    assert (wire.metrics.counts["CacheFailures"], wire.metrics.counts["CachePaused"]) == (1, 1)
    (line,) = wire.log.lines
    assert (line.level, line.message) == ("warning", "cache paused")
    assert (line.ids["operation"], line.ids["seconds"]) == ("webhook:done", PAUSE)
    assert line.ids["error"] in ("TimeoutError", "ReadTimeout")  # ours or httpx's, which ends at the same moment


@short
def test_after_the_pause_one_call_decides(wire: Wire) -> None:
    wire.ask(hang)
    wire.clock.time += timedelta(seconds=PAUSE) - LESS
    assert (wire.ask(WORKS), wire.asked) == (False, 1)
    wire.clock.time += LESS
    assert (wire.ask(), wire.asked) == (True, 2)
    assert (wire.ask(), wire.asked) == (True, 3)
    assert wire.log.messages == ["cache paused", "cache resumed"]
    assert wire.metrics.counts["CachePaused"] == 1


def test_one_failure_after_the_pause_is_another_pause(wire: Wire) -> None:
    """Whatever kind of failure: it was the third in a row."""
    wire.ask(reset)
    wire.ask()
    wire.clock.sleep(PAUSE)
    assert (wire.ask(), wire.asked) == (False, 3)
    wire.clock.time += timedelta(seconds=PAUSE) - LESS
    assert (wire.ask(WORKS), wire.asked) == (False, 3)
    wire.clock.time += LESS
    assert (wire.ask(), wire.asked) == (True, 4)
    assert wire.metrics.counts["CachePaused"] == 2
    assert wire.log.messages == ["cache failed", "cache paused", "cache paused", "cache resumed"]


def test_after_a_pause_it_takes_two_failures_again(wire: Wire) -> None:
    wire.ask(reset)
    wire.ask()
    wire.clock.sleep(PAUSE)
    assert wire.ask(WORKS)
    assert not wire.ask(reset)
    assert wire.ask(WORKS)


def test_one_failure_that_is_not_slow_is_no_pause(wire: Wire) -> None:
    """A connection that was reset while it was idle, or one bad answer, again and again but never twice in a row."""
    for _ in range(5):
        assert not wire.ask(reset)
        assert wire.ask(WORKS)
    assert wire.asked == 10
    assert "CachePaused" not in wire.metrics.counts
    assert wire.log.messages == ["cache failed"] * 5


def test_two_failures_in_a_row_are_a_pause(wire: Wire) -> None:
    assert not wire.ask(answer('{"error": "ERR max requests limit exceeded"}', "429 Too Many Requests"))
    assert not wire.ask(reset)
    assert not wire.ask(WORKS)
    assert wire.asked == 2
    assert wire.metrics.samples["RedisCommands"] == [1, 1], "one that fails is billed, one that is not sent is not"
    assert wire.log.messages == ["cache failed", "cache paused"]


def test_both_tries_of_a_publish_count(wire: Wire) -> None:
    wire.server.play = reset
    assert not wire.cache.publish([STATE], [EVENT])
    assert not wire.ask(WORKS)
    assert wire.asked == 2
    assert wire.log.messages == ["cache failed", "publish tried again", "cache paused"]


@pytest.mark.parametrize("wire", [0.9], indirect=True)
def test_a_publish_that_failed_at_once_goes_through_at_the_second_try(wire: Wire) -> None:
    """Of what one invocation may wait, less than a second as a rule, most is left then."""
    taken = answer('[{"result": 4}, {"result": "OK"}]')

    def at_the_second(connection: socket.socket) -> None:
        (reset if wire.asked == 1 else taken)(connection)

    wire.server.play = at_the_second
    assert wire.cache.publish([STATE], [EVENT])
    assert (wire.asked, wire.log.messages) == (2, ["cache failed", "publish tried again"])


def test_a_publish_of_nothing_asks_nothing(wire: Wire) -> None:
    assert wire.cache.publish([], [])
    assert wire.asked == 0


class UsedUp(WallClock):
    """Time that a simulation makes: a call takes all that there is, and not a moment more."""

    now = 0.0

    def seconds(self) -> float:
        return self.now

    def within[T](self, seconds: float, call: Callable[[], T]) -> T:
        self.now += seconds
        raise TimeoutError


def test_a_call_that_took_all_of_the_time_is_a_pause_at_once(wire: Wire) -> None:
    wire.cache = UpstashCache(lambda: None, "p:", wire.clock, wire.log, wire.metrics, 0.5, UsedUp())  # type: ignore[arg-type,return-value]
    assert not wire.ask()
    assert wire.log.messages == ["cache paused"]
    assert wire.metrics.counts["CacheFailures{error=TimeoutError}"] == 1


def test_a_publish_that_began_a_pause_is_not_tried_again(wire: Wire) -> None:
    wire.ask(reset)
    assert not wire.cache.publish([STATE], [EVENT])
    assert wire.asked == 2
    assert wire.log.messages == ["cache failed", "cache paused"]


def test_a_request_that_met_the_pause_goes_without_to_its_end(wire: Wire) -> None:
    """Not half of it with the cache, half without; and a skipped publish is not tried again."""
    wire.ask(reset)
    wire.ask()
    assert not wire.ask(WORKS)
    wire.clock.sleep(PAUSE)
    assert not wire.cache.publish([STATE], [EVENT])
    assert wire.asked == 2
    assert "publish tried again" not in wire.log.messages


def test_a_call_that_is_skipped_does_not_take_the_one_try_after_a_pause(wire: Wire) -> None:
    """It would never tell how it ended, and the next request would find another pause."""
    wire.ask(reset)
    wire.ask()
    wire.clock.time += timedelta(seconds=PAUSE) - LESS
    assert not wire.ask(WORKS)
    wire.clock.time += LESS
    assert not wire.cache.is_done(EVENT), "the same request, and the pause is over"
    assert wire.asked == 2
    assert (wire.ask(), wire.asked) == (True, 3)


def test_a_clock_that_is_set_back_does_not_lengthen_the_pause(wire: Wire) -> None:
    wire.ask(reset)
    wire.ask()
    wire.clock.sleep(-3600)
    assert wire.ask(WORKS)


@pytest.mark.parametrize("error", [Misconfigured("no URL"), SecretsUnavailable("throttled")])
def test_a_secret_that_cannot_be_used_is_a_pause_at_once(error: Exception) -> None:
    """Reading it may take seconds, which no budget covers: not every request may pay for that."""
    tried: list[int] = []

    def connect() -> Redis:
        tried.append(1)
        raise error

    clock, log, metrics = FakeClock(NOW), FakeLog(), FakeMetrics()
    cache = UpstashCache(connect, "dev:test:1:", clock, log, metrics)
    assert not cache.is_done(EVENT)
    assert cache.entitlement(ALICE) is None
    assert len(tried) == 1
    for seconds, tries in [(0.0, 1), (29.9, 1), (0.2, 2), (29.9, 2), (0.2, 3)]:
        clock.sleep(seconds)
        cache.start_request()
        assert not cache.is_done(EVENT)
        assert len(tried) == tries
    told = {"operation": "webhook:done", "error": type(error).__name__, "seconds": PAUSE}
    assert [(line.message, line.ids) for line in log.lines] == [("cache paused", told)] * 3
    assert metrics.counts[f"CacheFailures{{error={type(error).__name__}}}"] == 3


# Several threads


def test_a_call_that_hangs_holds_up_no_other() -> None:
    """Else the one try after a pause would wait for the call that began it, and find another pause."""
    let_go = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            WallClock().within(0.05, let_go.wait)
        left = [thread.daemon for thread in threading.enumerate() if thread.name == "redis"]
        assert left, "it hangs on"
        assert all(left), "nor does it keep a process from its end"
        assert WallClock().within(5, lambda: "answered") == "answered"
    finally:
        let_go.set()


@dataclass
class Gate:
    """A breaker, paused; and its world."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    log: FakeLog = field(default_factory=FakeLog)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, self.log, self.metrics)
        assert self.breaker.admits()
        assert self.breaker.failed("first", TimeoutError(), at_once=True)


def test_only_one_is_let_through_after_a_pause() -> None:
    gate = Gate()
    gate.clock.sleep(PAUSE)
    assert [gate.breaker.admits() for _ in range(5)] == [True, False, False, False, False]
    gate.breaker.succeeded()
    assert gate.breaker.admits()


def test_one_that_never_ends_does_not_keep_the_others_out_for_ever() -> None:
    """Lambda may end an invocation, and with it whoever was to tell."""
    gate = Gate()
    gate.clock.sleep(PAUSE)
    assert gate.breaker.admits()
    gate.clock.sleep(PAUSE)
    assert gate.breaker.admits()


def test_what_was_under_way_before_the_pause_neither_ends_nor_lengthens_it() -> None:
    gate = Gate()
    gate.clock.sleep(PAUSE / 2)
    assert gate.breaker.failed("late", TimeoutError(), at_once=True)
    gate.breaker.succeeded()
    assert not gate.breaker.admits()
    gate.clock.sleep(PAUSE / 2)
    assert gate.breaker.admits()
    assert gate.metrics.counts["CachePaused"] == 1
    assert gate.log.messages == ["cache paused"]


def test_what_ends_late_does_not_speak_for_the_one_that_was_let_through() -> None:
    gate = Gate()
    gate.clock.sleep(PAUSE)
    assert gate.breaker.admits()
    assert gate.breaker.failed("let through", TimeoutError(), at_once=True)
    gate.breaker.succeeded()
    assert not gate.breaker.admits()


def test_a_slow_redis_pauses_when_the_budget_is_used_up_together() -> None:
    """The second call had little left: the request has waited all the same."""
    clock, metrics = FakeClock(NOW), FakeMetrics()
    wait = threading.Event()
    with open_redis("http://127.0.0.1:9", TOKEN, timeout=1) as opened:
        redis = BudgetedRedis(lambda: opened, clock, FakeLog(), metrics, budget=0.3)
        redis.run("first", lambda _: wait.wait(0.2))
        with pytest.raises(NoCache):
            redis.run("second", lambda _: wait.wait(0.2))
    assert metrics.counts["CachePaused"] == 1
