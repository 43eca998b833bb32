"""F48: whole runs, whatever struck in them, whose accounts are put back at the end, of every other seed with their
ledger: they come to what Stripe and the ledger say, as if nothing had happened but what the ledger has lost, and a
second mending finds nothing to do.
"""

import os

import pytest

from tests.simulation.restoring import restored
from tests.simulation.world.watch import Violation

RUNS = int(os.environ.get("SIMULATION_RUNS", "150")) // 3


def test_accounts_that_are_put_back_come_to_what_stripe_and_the_ledger_say():
    for seed in range(1, RUNS + 1):
        try:
            restored(seed)
        except Violation as violation:
            pytest.fail(f"seed {seed}: {violation}")
