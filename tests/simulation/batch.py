"""Some runs, in a process of their own."""

from __future__ import annotations

import gc

from tests.simulation.run import Outcome, run


def some(seeds: range) -> tuple[int, int, list[Outcome]]:
    """Run some seeds: how many, the calls that they made, and those that failed."""
    calls, failed = 0, []
    for seed in seeds:
        outcome = run(seed)
        calls += outcome.calls
        if outcome.failure is not None:
            failed.append(outcome)
    return len(seeds), calls, failed


def prepared() -> None:
    """A process of its own: what was imported is never garbage, so it need not be looked at again and again."""
    run(0)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
