"""What was paid for while nobody hears of it: no event is ever made, and what comes later is heard (F50)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from local.stripe.engine.world import Obj
from tests.simulation.actors.by_hand import made_by_hand, payer, price_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import work_through
from tests.simulation.actors.plans import ask, ended, switched
from tests.simulation.actors.schedules import read
from tests.simulation.actors.weather import long_time
from tests.simulation.world.catalog import PLANS
from tests.simulation.world.simulation import Simulation

_EVERY = 1_000_000
_HOUR = 3600.0
_CHANGES = 6
"""Of which the prorations fill all that an invoice shows of its lines."""
_LOOKS = 3
"""Those of some days: one that fails is made again."""


def _trial(sim: Simulation) -> bool:
    """A trial is ended by a change, of which no event is ever made. What comes next is heard: the renewal, or that the
    subscription is canceled. Then what was paid at the end of the trial grants (decision 0060).
    """
    subscription = _subscribed(sim, sim.chance.one((sim.step, "to"), PLANS), trial_period_days=9)
    if subscription is None:
        return False
    path = f"/v1/subscriptions/{subscription['id']}"
    _unheard(sim, f"the trial of {subscription['id']} is ended", lambda: ask(sim, "POST", path, {"trial_end": "now"}))
    if sim.chance.happens((sim.step, "canceled"), 0.3):
        sim.tell(f"{subscription['id']} is canceled now")
        ask(sim, "DELETE", path, {})
    elif subscription["items"]["data"][0]["price"]["lookup_key"] != "pro_yearly":
        ended(sim, subscription)
    _looks(sim)
    return True


def _long_renewal(sim: Simulation) -> bool:
    """A renewal has so many prorations that its invoice does not show the line of the period. That the period has begun
    is heard, and not that it was paid for an hour later; then the next one is.
    """
    subscription = _subscribed(sim, "pro_monthly")
    if subscription is None:
        return False
    for number in range(_CHANGES):
        switched(sim, subscription, ("team_monthly", "pro_monthly")[number % 2], "create_prorations")
    end = subscription["items"]["data"][0]["current_period_end"]
    if subscription["ended_at"] is not None or not long_time(sim, max(0.0, end - sim.scheduler.now) + 60):
        return True
    work_through(sim, "begun")
    _unheard(sim, f"the renewal of {subscription['id']} is paid", lambda: long_time(sim, 2 * _HOUR))
    ended(sim, subscription)
    _looks(sim)
    return True


def _subscribed(sim: Simulation, plan: str, **given: int) -> Obj | None:
    """A subscription that was made by hand, and seen."""
    buyer = payer(sim)
    if buyer is None or not made_by_hand(sim, buyer, [{"price": price_of(sim, plan)}], **given):
        return None
    work_through(sim, "made")
    found: Obj = sim.engine.world.all("subscription")[0]
    return found


def _unheard(sim: Simulation, what: str, happens: Callable[[], object]) -> None:
    sim.tell(f"{what}, and no event is made of it")
    sim.journal.lost.append(what)
    sim.engine.world.lose_next = _EVERY
    happens()
    sim.engine.world.lose_next = 0


def _looks(sim: Simulation) -> None:
    """What is heard is seen, and then the lists are looked at."""
    work_through(sim, "next")
    for number in range(_LOOKS):
        sim.begin("catch_up", f"{sim.step}-{number}", partial(read, sim, "objects"))
        sim.scheduler.run(sim.scheduler.tasks[-1])


DEEDS = {"trial ended unheard": Deed(_trial, 0.3), "long renewal unheard": Deed(_long_renewal, 0.2)}
