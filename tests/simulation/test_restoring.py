"""F48: whole runs, whatever struck in them, whose tables are put back at the end, and mended by an operator who is
killed once: they come to what Stripe and the ledger say, as if nothing had happened but what the ledger has lost.
"""

import os

import pytest

from tests.simulation import rest
from tests.simulation.restoring.restore import restore
from tests.simulation.run import live
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

RUNS = int(os.environ.get("SIMULATION_RUNS", "450")) // 9
"""Beside those among the seeds of `seeds/`, of which one in twenty is restored."""


def restored(seed):
    sim = Simulation(seed)
    live(sim)
    rest.come_to_rest(sim)
    restore(sim)


def test_tables_that_are_put_back_come_to_what_stripe_and_the_ledger_say():
    for seed in range(1, RUNS + 1):
        try:
            restored(seed)
        except Violation as violation:
            pytest.fail(f"seed {seed}: {violation}")
