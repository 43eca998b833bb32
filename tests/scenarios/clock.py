"""Time for stories that run side by side: it moves when each of them waits for it, to the nearest moment waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import PATIENCE_SECONDS, until

_PATIENCE_SECONDS = 5 * PATIENCE_SECONDS
"""Seconds: who waits for the time to move waits for the slowest of all stories that move it."""


class SharedClock:
    def __init__(self, shop: Shop, before_moving: Callable[[], object]) -> None:
        self._shop = shop
        self._before_moving = before_moving
        self._id = shop.stripe("POST", "test_helpers/test_clocks", frozen_time=int(shop.now()))["id"]
        self._turn = threading.Condition()
        self._playing = 0
        self._waiting: list[float] = []
        self._now = 0.0
        self.offset = 0.0
        """Seconds by which Stripe and the functions are ahead of us."""

    def enter(self, players: int) -> None:
        """So many stories begin; none of them moves the time before all the others wait too, or have left."""
        with self._turn:
            self._playing += players

    def leave(self) -> None:
        """A story has ended."""
        with self._turn:
            self._playing -= 1
            self._move_if_all_wait()

    def advance(self, by: timedelta) -> None:
        """Wait until so much time has passed since the story's last wait."""
        with self._turn:
            target = self._now + by.total_seconds()
            self._waiting.append(target)
            self._move_if_all_wait()
            assert self._turn.wait_for(lambda: self._now >= target, _PATIENCE_SECONDS), "the clock stood still"

    def _move_if_all_wait(self) -> None:
        while self._waiting and len(self._waiting) == self._playing:
            self._before_moving()
            nearest = min(self._waiting)
            self._move(nearest - self._now)
            self._now = nearest
            self._waiting = [target for target in self._waiting if target > nearest]
            self._turn.notify_all()

    def _move(self, seconds: float) -> None:
        target = int(self._shop.now() + seconds)
        path = f"test_helpers/test_clocks/{self._id}"
        self._shop.stripe("POST", f"{path}/advance", frozen_time=target)
        until("the clock has moved", lambda: self._shop.stripe("GET", path)["status"] == "ready")
        self.offset = self._shop.now() - time.time()
