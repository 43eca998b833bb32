"""How long to wait before another try, so that writers who met once do not meet again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billing.ports.world import Clock, Randomness

_DOUBLED = 20
"""Times, at most: by then any wait is at its longest, and the factor stays a number that a float can hold."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of up to `first_seconds` before turn 0, twice as much before each further one, up to `longest_seconds`.

    Full jitter, from nothing on: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    first_seconds: float
    longest_seconds: float

    def wait(self, turn: int, clock: Clock, random: Randomness) -> None:
        """Let the time before this turn pass."""
        most = min(self.longest_seconds, self.first_seconds * 2 ** min(turn, _DOUBLED))
        clock.sleep(random.upto(most))
