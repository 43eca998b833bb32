"""Stripe's test clock, which the functions' time follows."""

import time
from datetime import timedelta

from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until


class Clock:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._id = shop.stripe("POST", "test_helpers/test_clocks", frozen_time=int(shop.now()))["id"]
        self.ahead = 0.0
        """Seconds by which that time is ahead of ours."""

    def advance(self, by: timedelta) -> None:
        target = int(self._shop.now() + by.total_seconds())
        self._shop.stripe("POST", f"test_helpers/test_clocks/{self._id}/advance", frozen_time=target)
        until("the clock has moved", lambda: self._status() == "ready")
        self.ahead = self._shop.now() - time.time()

    def _status(self) -> str:
        return str(self._shop.stripe("GET", f"test_helpers/test_clocks/{self._id}")["status"])
