"""Wait for what must happen, and fail with its name when it does not."""

import time
from collections.abc import Callable

import coverage

MEASURED = coverage.Coverage.current() is not None
"""Whether coverage looks over every process's shoulder, which makes each of them several times slower."""
PATIENCE_SECONDS = 240.0 if MEASURED else 180.0
"""Seconds; far above what a busy machine needs, so that only what never happens fails. On such a machine a whole Redis,
too, may once need longer than its budget, and is then left alone for half a minute.
"""
_FIRST, _LONGEST, _SLOWER = 0.02, 0.2, 1.5
"""Seconds between two looks, and how they grow: who looks fifty times a second keeps the system from getting there."""


def until[T](what: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is neither None nor False; fail when the time is over."""
    deadline, pause = time.monotonic() + seconds, _FIRST
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < deadline, f"{what}: did not happen within {seconds:.0f} s"
        time.sleep(pause)
        pause = min(pause * _SLOWER, _LONGEST)
