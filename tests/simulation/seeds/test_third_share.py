"""The third share of the seeds (shares.py)."""

import pytest

from tests.simulation.seeds.shares import come_to_rest, share


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", share(2), ids=str)
def test_every_seed_comes_to_rest_on_what_stripe_says(seeds: range) -> None:
    come_to_rest(seeds)
