"""Meetings: several functions look at the same thing at the same time, which chance alone would seldom let them."""

from __future__ import annotations

from tests.simulation.actors.buyers import pay, success_page
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import consume, deliver
from tests.simulation.actors.operators import begin_resync
from tests.simulation.world.simulation import Simulation


def _paid(sim: Simulation) -> bool:
    """A buyer pays; the events are there at once, and consumer, success pages and an operator look together (F05)."""
    session = pay(sim)
    if session is None:
        return False
    for number, delivery in enumerate(sim.deliveries.due()):
        deliver(sim, delivery, f"{sim.step}.{number}")
        sim.scheduler.run(sim.scheduler.tasks[-1])
    page = success_page(sim, session, f"{sim.step}a", asks=True)
    if sim.gate.mood != "calm" and sim.chance.happens((sim.step, "in parts"), 0.5):
        # it knows the purchase as it was, and will read the account as the others leave it (money rule 2)
        page.reads_in_parts, page.stalls_for = True, 1 + sim.chance.number((sim.step, "steps"), 3)
        sim.scheduler.run(page)
    consume(sim, f"{sim.step}", 10)
    if sim.chance.happens((sim.step, "redirect"), 0.5):
        success_page(sim, session, f"{sim.step}b", asks=False)
    if sim.chance.happens((sim.step, "operator"), 0.3):
        begin_resync(sim, sim.journal.handed_out[session])
    return True


DEEDS = {"pay, and all look at once": Deed(_paid, 3)}
