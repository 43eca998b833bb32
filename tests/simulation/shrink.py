"""Shrink a failing run: take decisions out of its tape while it still fails in the same way (delta debugging).

A tape from which decisions were taken out is still a whole tape, on which everything left out goes as plainly as it can
(world/chance.py). What remains is what the failure needs.
Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input: https://doi.org/10.1109/32.988498
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.simulation.run import CALLS, Outcome, run
from tests.simulation.world.chance import Name, Tape

_MOST_RUNS = 600
_IDS = re.compile(r"[a-z]{2,6}_[A-Za-z0-9_]{8,}|[0-9]+|[A-Z]{4,}|alice|bob")


def kind_of(failure: str | None) -> str | None:
    """A failure without ids, names and figures: a smaller run may be off by another amount."""
    return None if failure is None else _IDS.sub("*", failure).split(":")[0][:60]


def shrink(failed: Outcome, again: Callable[[int, Tape], Outcome] = run) -> Outcome:
    """The smallest tape that was found with which the run fails as it did."""
    wanted = kind_of(failed.failure)
    best = failed
    left = _MOST_RUNS

    def fails(names: list[Name]) -> bool:
        nonlocal best, left
        left -= 1
        outcome = again(failed.seed, {name: failed.tape[name] for name in names})
        if kind_of(outcome.failure) != wanted:
            return False
        best = outcome
        return True

    names = _without_steps(list(failed.tape), fails)
    size = max(1, len(names) // 2)
    smaller = True
    while left > 0 and (size > 1 or smaller):
        smaller, start = False, 0
        while start < len(names) and left > 0:
            rest = names[:start] + names[start + size :]
            if fails(rest):
                names, smaller = rest, True
            else:
                start += size
        size = max(1, size // 2)
    return best


def _without_steps(names: list[Name], fails: Callable[[list[Name]], bool]) -> list[Name]:
    """First whole deeds, with all that was decided about them: there are only forty."""
    for step in range(CALLS, 0, -1):
        rest = [name for name in names if step_of(name) != step]
        if len(rest) < len(names) and fails(rest):
            names = rest
    return names


def step_of(name: Name) -> int | None:
    """The deed that a decision belongs to: by its number, or by the label of an invocation, `webhook/12.3`."""
    first = name[0]
    if isinstance(first, int):
        return first
    found = re.search(r"/([0-9]+)", first)
    return int(found.group(1)) if found else None
