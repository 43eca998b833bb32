"""The machine's clock and chance."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime

from billing.domain.ids import OrderId

_DICE = random.SystemRandom()


class SystemClock:
    """The Clock port. `time.time()` is the only clock that deployed code reads."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.fromtimestamp(time.time(), tz=UTC)

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)


class SystemRandomness:
    """The Randomness port."""

    def upto(self, limit: float) -> float:
        """See Randomness."""
        return _DICE.uniform(0, limit)

    def order_id(self) -> OrderId:
        """See Randomness."""
        return OrderId(f"ord_{secrets.token_hex(16)}")
