"""The schedule that writes down what time has done: what ran out, lapsed or ended."""

from __future__ import annotations

from billing.services.settle_due import settle_due
from tests.simulation.actors.buyers import told
from tests.simulation.world.scheduler import AGES, Task
from tests.simulation.world.simulation import Simulation


def begin_settling(sim: Simulation, label: str) -> Task:
    """Settle every account of which something has ended."""

    def work() -> object:
        deps = sim.system.spending()
        return settle_due(deps.clock.now() + AGES, sim.system.due, deps)

    return sim.begin("reconcile", label, work, lambda task: sim.tell(f"{task.name}: settling ended with {told(task)}"))
