"""A change that was billed twice is seen, whatever happened in between, but for what takes the first one back (F26)."""

from typing import Any

import pytest

from tests.simulation import compare
from tests.simulation.exhaustive.lives import Life
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation


def billed(between: dict[str, Any], item: dict[str, Any]) -> Simulation:
    """A change begins a period; somebody else does something; and another try of the change begins one again."""
    sim = Simulation(0, {})
    life = Life(sim)
    life.checkout("pro_monthly")
    life.pay()
    (plan,) = sim.engine.world.all("subscription")
    path = f"/v1/subscriptions/{plan['id']}"
    if item:
        between = {"items": [{"id": plan["items"]["data"][0]["id"], **item}]}
    for params, key in ((ANEW, "change:a:b:1"), (between, None), (ANEW, "change:a:b:2")):
        life.later(60)
        assert sim.engine.request("POST", path, params, idempotency_key=key).status == 200
    return sim


ANEW = {"billing_cycle_anchor": {"type": "now"}}


@pytest.mark.parametrize("between", [{"cancel_at_period_end": True}, {"pause_collection": {"behavior": "void"}}])
def test_what_changes_nothing_of_what_is_sold_excuses_no_second_invoice(between):
    with pytest.raises(Violation, match="billed twice"):
        compare.changes(billed(between, {}))


def test_somebody_elses_change_of_what_is_sold_does():
    compare.changes(billed({}, {"quantity": 2}))
