"""Call Redis within a budget of wall-clock time, and turn every failure into "no cache".

The budget counts all calls of one invocation together. httpx's own timeouts are for each phase and each piece of an
answer, and none covers the name look-up, so a server that sends a byte now and then could hold a request for
minutes. A call therefore runs in a thread of its own, and whoever waits for it leaves when the budget is over. The
thread ends soon after, and closes its connection: `upstash_client` gives each request a deadline. A Redis that used
the budget up is not asked again for a while (`Breaker`).
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

from billing.adapters.upstash_breaker import Breaker
from billing.errors import BillingError

if TYPE_CHECKING:
    from upstash_redis import Redis

    from billing.ports.world import Clock, Log, Metrics

BUDGET: Final = 0.120
"""Seconds of Redis in one invocation. A request may be 200 ms slower without Redis (failure-modes F20): the rest is for
what the cache would have saved it. With 150 ms here the success page came to 203 ms on a busy machine with two cores.
"""


class NoCache(Exception):
    """Redis gave no usable answer; already logged and counted."""


class Watch(Protocol):
    """Time as a budget counts it. A part of its own, for a simulation has no threads, and a time that it makes."""

    def seconds(self) -> float:
        """Seconds since any moment; they only grow."""

    def within[T](self, seconds: float, call: Callable[[], T]) -> T:
        """Return what the call returns or raise what it raises, or TimeoutError after so many seconds."""


class WallClock:
    """Real time, and a thread for each call."""

    def seconds(self) -> float:
        """See Watch."""
        return time.perf_counter()

    def within[T](self, seconds: float, call: Callable[[], T]) -> T:
        """See Watch."""
        answer: queue.SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = queue.SimpleQueue()

        def work() -> None:
            try:
                answer.put((call(), None))
            except BaseException as exc:  # noqa: BLE001  raised again in the thread that waits
                answer.put((None, exc))

        Thread(target=work, daemon=True, name="redis").start()
        try:
            value, exc = answer.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if exc is not None:
            raise exc
        return value  # type: ignore[return-value]  # the other half of the pair


WALL_CLOCK: Final = WallClock()


class BudgetedRedis:
    """Runs operations on the client that `connect` gives, anew at each: the secret may hold another token by then."""

    def __init__(
        self,
        connect: Callable[[], Redis],
        clock: Clock,
        log: Log,
        metrics: Metrics,
        budget: float = BUDGET,
        watch: Watch = WALL_CLOCK,
    ) -> None:
        self._connect = connect
        self._log = log
        self._metrics = metrics
        self._budget = budget
        self._watch = watch
        self._breaker = Breaker(clock, log, metrics)
        self._left = budget

    def start_request(self) -> None:
        """Begin an invocation: the budget is whole again."""
        self._left = self._budget

    @property
    def left(self) -> float:
        """Seconds left for this invocation; none once Redis is paused."""
        return self._left

    def run[T](self, operation: str, call: Callable[[Redis], T], commands: int = 1) -> T:
        """Return what the call returns, or raise `NoCache`. `commands`: how many it sends, which is what Upstash bills
        (https://upstash.com/pricing/redis); one that fails may have been carried out, and counts.
        """
        if self._left > 0 and not self._breaker.admits():
            self._left = 0.0  # an invocation that met the pause goes without Redis to its end
        if self._left <= 0:
            self._metrics.count("CacheSkipped")
            raise NoCache
        redis = self._client(operation)
        self._metrics.count("RedisCommands", commands)
        try:
            result = self._charged(lambda: call(redis))
        # The client has no error type for a broken answer. Seen on 1.8.0: UpstashError, JSONDecodeError, KeyError,
        # AssertionError, AttributeError, TypeError, UnicodeDecodeError and all of httpx's.
        except Exception as exc:
            raise self._failed(operation, exc, at_once=self._left <= 0) from exc
        self._breaker.succeeded()
        return result

    def _client(self, operation: str) -> Redis:
        """The client. The secret is read for it, now and then for seconds that no budget covers."""
        try:
            return self._connect()
        except BillingError as exc:  # the secret can't be read or makes no sense
            raise self._failed(operation, exc, at_once=True) from exc

    def _charged[T](self, call: Callable[[], T]) -> T:
        """Make the call within what is left, and take its time from that."""
        start = self._watch.seconds()
        try:
            return self._watch.within(self._left, call)
        finally:
            self._left -= self._watch.seconds() - start

    def _failed(self, operation: str, exc: Exception, *, at_once: bool) -> NoCache:
        self._metrics.count("CacheFailures", error=type(exc).__name__)
        if self._breaker.failed(operation, exc, at_once=at_once):
            self._left = 0.0
        else:
            self._log.warning("cache failed", operation=operation, error=type(exc).__name__)
        return NoCache()
