"""The schedules that read Stripe's lists, and queue what no webhook has brought."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.services.catch_up import catch_up
from billing.services.look_at_objects import look_at_objects
from tests.simulation.actors.buyers import told
from tests.simulation.actors.deeds import Deed
from tests.simulation.world.simulation import Simulation

LISTS = ("events", "undelivered events", "objects")
_LEFT = timedelta(seconds=280)


def read(sim: Simulation, lists: str) -> object:
    """Read on in the lists, as the function does. Objects are looked at whether or not their time has come."""
    late: datetime = sim.system.walking().clock.now() + _LEFT
    if lists == "objects":
        return look_at_objects(sim.system.looks(), late, "simulated", sim.system.walking(), now=True)
    return catch_up(late, "simulated", sim.system.catching_up(), undelivered=lists != "events")


def _read(sim: Simulation) -> bool:
    lists = sim.chance.one((sim.step, "lists"), LISTS)
    sim.begin(
        "catch_up",
        f"{sim.step}",
        lambda: read(sim, lists),
        lambda task: sim.tell(f"{task.name}: reading Stripe's list of {lists} ended with {told(task)}"),
    )
    return True


DEEDS = {"read Stripe's lists": Deed(_read, 0.4)}
