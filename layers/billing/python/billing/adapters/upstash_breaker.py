"""A circuit breaker for Redis: one that does not answer is left alone for a while, and then asked once (F19, F20).

Its state is the process's: a Lambda environment learns for itself that Redis is away, and again when it is back.
See docs/decisions/0030-a-pause-for-redis.md.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from billing.ports.world import Clock, Log, Metrics

PAUSE: Final = 30.0
"""Seconds without a cache. Each of them costs reads of DynamoDB; each try of a dead Redis costs a whole budget."""

_IN_A_ROW: Final = 2
"""One failure may be a connection that was closed while it was idle: that is no reason to do without the cache."""


class Breaker:
    """Closed: every call goes out. Paused: none. After the pause one goes out, and what becomes of it decides.

    By the time of day: the monotonic clock may stand still while Lambda keeps an environment frozen (seen at
    https://github.com/hashicorp/vault-lambda-extension/pull/150), and an environment that works for some milliseconds
    of each minute would then be paused for hours. A clock that is set back ends the pause.
    """

    def __init__(self, clock: Clock, log: Log, metrics: Metrics) -> None:
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._lock = Lock()
        self._paused_at: datetime | None = None
        self._trying = False
        self._failures = 0

    def admits(self) -> bool:
        """Whether a call may go out now. Whoever hears yes tells how it ended, by `succeeded` or `failed`."""
        with self._lock:
            if self._paused_at is None:
                return True
            now = self._clock.now()
            if self._paused_at <= now < self._paused_at + timedelta(seconds=PAUSE):
                return False
            self._trying = True
            self._paused_at = now  # for all others; and should this call never end, until another may try
            return True

    def succeeded(self) -> None:
        """A call was answered. One from before the pause says nothing of now."""
        with self._lock:
            self._failures = 0
            if not self._trying:
                return
            self._trying = False
            self._paused_at = None
        self._log.info("cache resumed")

    def failed(self, operation: str, error: Exception, *, at_once: bool) -> bool:
        """A call failed; whether Redis is paused now. `at_once` when that call must not be made twice: it was slow."""
        with self._lock:
            if self._paused_at is not None and not self._trying:
                return True
            self._failures += 1
            if not (at_once or self._trying or self._failures >= _IN_A_ROW):
                return False
            self._paused_at = self._clock.now()
            self._trying = False
        self._metrics.count("CachePaused")
        self._log.warning("cache paused", operation=operation, error=type(error).__name__, seconds=PAUSE)
        return True
