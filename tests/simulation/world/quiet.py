"""Small ports that a simulation needs only so far: a log for the story, metrics for nobody, chance, and secrets."""

from __future__ import annotations

from hashlib import md5

from billing.domain.ids import OrderId
from billing.errors import Retryable
from tests.simulation.world.scheduler import Scheduler


class Silent:
    """The Log and Metrics ports: nobody listens."""

    def info(self, message: str, **ids: object) -> None:
        """See Log."""

    def warning(self, message: str, **ids: object) -> None:
        """See Log."""

    def error(self, message: str, **ids: object) -> None:
        """See Log."""

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """See Log."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """See Metrics."""

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """See Metrics."""


class Alarmed(Silent):
    """A log that keeps what nobody foresaw: a bug of ours that a handler has caught is a bug all the same."""

    def __init__(self) -> None:
        self.unexpected: list[BaseException] = []

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """See Log. What may pass is passed over by some, and struck by us."""
        if not isinstance(exc, Retryable):
            self.unexpected.append(exc)


class Drawn:
    """The Randomness port. What it answers follows from the name of the invocation and the number of its call, so that
    no decision about something else moves it.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def upto(self, limit: float) -> float:
        """See Randomness."""
        return limit * int(self._digest()[:4], 16) / 0xFFFF

    def order_id(self) -> OrderId:
        """See Randomness."""
        return OrderId(f"ord_{self._digest()}")

    def _digest(self) -> str:
        task = self._scheduler.current
        drawn = f"{task.name}|{task.calls}" if task is not None else f"{self._scheduler.now}"
        return md5(drawn.encode()).hexdigest()
