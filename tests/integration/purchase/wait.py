"""Wait for what must happen, and fail with its name when it does not."""

import time
from collections.abc import Callable

import coverage

MEASURED = coverage.Coverage.current() is not None
"""Whether coverage looks over every process's shoulder, which makes each of them several times slower."""
PATIENCE = 240.0 if MEASURED else 60.0
"""Seconds; far above what a busy machine needs, so that only what never happens fails. On such a machine a whole Redis,
too, may once need longer than its budget, and is then left alone for half a minute.
"""
_LOOK = 0.02


def until[T](what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Ask until the answer is neither None nor False; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < deadline, f"{what}: did not happen within {seconds:.0f} s"
        time.sleep(_LOOK)
