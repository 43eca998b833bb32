"""The seeds of a check in shares, one for each test file here: the suite hands whole files to its workers
(`--dist loadfile`), and none of them is to run all of the seeds.
"""

from __future__ import annotations

import os

from tests.simulation.run import run
from tests.simulation.shrink import shrink
from tests.simulation.story import story

RUNS = int(os.environ.get("SIMULATION_RUNS", "5000"))
"""What costs some three minutes of one core."""

SHARES = 4
_AT_ONCE = 25


def share(number: int) -> list[range]:
    """One of the shares, some seeds for each test."""
    every = [range(start, min(start + _AT_ONCE, RUNS + 1)) for start in range(1, RUNS + 1, _AT_ONCE)]
    return every[number::SHARES]


def come_to_rest(seeds: range) -> None:
    """Run seeds; the first that fails is shrunk and told."""
    for seed in seeds:
        outcome = run(seed)
        assert outcome.failure is None, story(shrink(outcome))
