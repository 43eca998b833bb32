"""Trials that somebody ends before their time, of which nobody hears."""

from __future__ import annotations

from functools import partial

from tests.simulation.actors.by_hand import looked_at, made_by_hand, payer, price_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.plans import ask, ended
from tests.simulation.actors.schedules import read
from tests.simulation.world.catalog import PLANS
from tests.simulation.world.simulation import Simulation

_LOOKS = 3
"""Those of some days: one that fails is made again."""


def _ended_unheard(sim: Simulation) -> bool:
    """A trial is ended by a change, of which no event is ever made. What comes next is heard: the renewal, or that the
    subscription is canceled. Then the lists are looked at, and what was paid at the end of the trial grants
    (decision 0060).
    """
    buyer = payer(sim)
    plan = sim.chance.one((sim.step, "to"), PLANS)
    if buyer is None or not made_by_hand(sim, buyer, [{"price": price_of(sim, plan)}], trial_period_days=9):
        return False
    subscription = sim.engine.world.all("subscription")[0]
    looked_at(sim, "trial")
    sim.engine.world.lose_next = _EVERY
    sim.journal.lost.append("the end of a trial")
    sim.tell(f"the trial of {subscription['id']} is ended, and no event is made of it")
    ask(sim, "POST", f"/v1/subscriptions/{subscription['id']}", {"trial_end": "now"})
    sim.engine.world.lose_next = 0
    if sim.chance.happens((sim.step, "canceled"), 0.3):
        sim.tell(f"{subscription['id']} is canceled now")
        ask(sim, "DELETE", f"/v1/subscriptions/{subscription['id']}", {})
    elif plan != "pro_yearly":
        ended(sim, subscription)
    looked_at(sim, "next")
    for number in range(_LOOKS):
        sim.begin("catch_up", f"{sim.step}-{number}", partial(read, sim, "objects"))
        sim.scheduler.run(sim.scheduler.tasks[-1])
    return True


_EVERY = 1_000_000

DEEDS = {"trial ended unheard": Deed(_ended_unheard, 0.3)}
