"""Some runs, in a process of their own."""

from __future__ import annotations

import gc
import signal
import time
from dataclasses import dataclass, field

from tests.simulation.run import Outcome, run


@dataclass
class Done:
    """What came of some runs."""

    runs: int = 0
    calls: int = 0
    deeds: int = 0
    cpu_seconds: float = 0.0
    failed: list[Outcome] = field(default_factory=list)

    def add(self, other: Done) -> None:
        """Count another process's runs in."""
        self.runs += other.runs
        self.calls += other.calls
        self.deeds += other.deeds
        self.cpu_seconds += other.cpu_seconds
        self.failed += other.failed


def some(seeds: range) -> Done:
    """Run some seeds."""
    done = Done()
    begun = time.process_time()
    for seed in seeds:
        outcome = run(seed)
        done.runs += 1
        done.calls += outcome.calls
        done.deeds += outcome.deeds
        if outcome.failure is not None:
            done.failed.append(outcome)
    done.cpu_seconds = time.process_time() - begun
    return done


def prepared() -> None:
    """A process of its own: what was imported is never garbage, so it need not be looked at again and again."""
    run(0)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def at_work() -> None:
    """One process of several. The key that ends the command is the command's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepared()
