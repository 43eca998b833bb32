"""Everything that can be enumerated. A share of it here; all of it with SIMULATION_WHOLE=1, which takes the better part
of an hour.
"""

import os
from itertools import islice

import pytest

from tests.simulation.exhaustive import crashes, interleavings, orders, unseen
from tests.simulation.exhaustive.lives import LIVES

WHOLE = os.environ.get("SIMULATION_WHOLE") == "1"
SHARE = 1 if WHOLE else 12
pytestmark = pytest.mark.timeout(7200 if WHOLE else 600)


@pytest.mark.parametrize("life", LIVES)
def test_a_function_may_die_at_any_call_with_its_effect_or_without(life):
    """F08, F09, F11, F17: every crash point alone."""
    assert len(crashes.points_of(life)) > 50
    assert list(crashes.failures(life, crashes.singles)) == []


@pytest.mark.parametrize("life", LIVES)
def test_functions_may_die_at_any_two_calls(life):
    """F08, F09, F11, F17: every pair of crash points, of which a share is tried in each check."""
    share = (pair for pair in islice(crashes.pairs(life), 0, None if WHOLE else 600, SHARE))
    assert list(crashes.failures(life, lambda name: share)) == []


@pytest.mark.parametrize("life", orders.LIVES)
def test_events_may_come_in_any_order(life):
    """F03, F04, F36: every order of up to six events."""
    tried = list(islice(orders.orders(life), 0, None, SHARE))
    assert len(tried) >= 120 / SHARE
    assert [failure for order in tried if (failure := orders.play(life, order))] == []


@pytest.mark.parametrize("stage", interleavings.STAGES)
def test_two_converges_and_what_comes_between_may_interleave_in_any_way(stage):
    """F03, F18: every interleaving; of the many with a spend, a share is tried in each check."""
    played = list(interleavings.failures(stage, None if WHOLE else 200))
    assert len(played) > 50
    assert [failure for failure in played if failure] == []


@pytest.mark.parametrize("settings", unseen.SETTINGS)
@pytest.mark.parametrize("life", unseen.LIVES)
def test_stripe_may_make_no_events_of_any_changes_in_a_row(life, settings):
    """F50: the looks at its objects bring all of it back; of the many such rows a share is tried in each check."""
    lost = islice(unseen.windows(life, settings), 0, None, 1 if WHOLE else 80)
    assert list(unseen.failures(life, settings, lost)) == []


@pytest.mark.parametrize("name", unseen.LISTS)
def test_no_list_is_looked_at_in_vain(name):
    """F50: without it some life would not come back as a whole."""
    settings = "with credits on trial"
    lost = {life: list(islice(unseen.windows(life, settings), 0, 80, 4)) for life in unseen.LIVES}
    assert any(failure for life in lost for failure in unseen.failures(life, settings, lost[life], without=name))
