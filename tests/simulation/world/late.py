"""What DynamoDB leaves open: an index hears of writes late, a read that does not ask for consistency sees old items.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""

from __future__ import annotations

from tests.simulation.world.chance import Chance
from tests.simulation.world.scheduler import Scheduler

_LIKELIHOOD = 0.25


class Late:
    """The tables' `Chances`, by the run's own chance; in a calm run, and at rest, nothing is late."""

    def __init__(self, chance: Chance, scheduler: Scheduler) -> None:
        self._chance = chance
        self._scheduler = scheduler
        self._asked: tuple[str, int, int] = ("", 0, 0)
        self.orderly = False

    def lags(self) -> bool:
        """See Chances."""
        return self._happens("lags")

    def stale(self) -> bool:
        """See Chances. All that is read of money asks for consistency: only what forgets to is struck by this."""
        return self._happens("stale")

    def unprocessed(self, keys: int) -> int:
        """See Chances. Whole batches are answered here: the gate leaves parts of them unread."""
        return 0

    def _happens(self, what: str) -> bool:
        task = self._scheduler.current
        if self.orderly or task is None:
            return False
        name, call, number = self._asked
        number = number + 1 if (name, call) == (task.name, task.calls) else 0
        self._asked = task.name, task.calls, number
        return self._chance.happens((*self._asked, what), _LIKELIHOOD)
