"""Lives of which Stripe stops making events: at each of their turns, until nothing more happens.

Nothing tells of what is done from then on, to nobody, ever. What the schedules find at rest must be all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tests.simulation import rest
from tests.simulation.exhaustive import lives
from tests.simulation.exhaustive.lives import Life
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

LISTS = ("sessions", "subscriptions", "invoices", "refunds", "disputes")
_EVERY = 1_000_000


def deleted(life: Life) -> None:
    """A plan whose customer is deleted at Stripe."""
    life.checkout("pro_monthly")
    life.pay()
    life.events()
    for plan in life.sim.engine.world.all("subscription"):
        life.sim.engine.request("DELETE", f"/v1/customers/{plan['customer']}")
    life.events()


def idle(life: Life) -> None:
    """A plan that renews three times, and nobody looks."""
    life.checkout("pro_monthly")
    life.pay()
    life.events()
    for _ in range(3):
        for plan in life.sim.engine.world.all("subscription"):
            life.later(plan["items"]["data"][0]["current_period_end"] - life.sim.scheduler.now + 7200)
        life.events()


LIVES: dict[str, Callable[[Life], None]] = {**lives.LIVES, "deleted": deleted, "idle": idle}


class Unseen(Life):
    """A life whose events are made up to a turn: as often as they are delivered in the script."""

    def __init__(self, sim: Simulation, turns: int) -> None:
        super().__init__(sim)
        self.turns = turns
        self._stop()

    def events(self) -> None:
        """Stripe delivers what it has made, for the last time perhaps."""
        super().events()
        self.turns -= 1
        self._stop()

    def _stop(self) -> None:
        if self.turns == 0:
            self.sim.engine.world.lose_next = _EVERY
            self.sim.journal.lost.append("no event is made any more")


def failures(name: str, without: str | None = None) -> Iterator[str]:
    """What did not hold, of each play of a life; `without` one of the lists that are looked at."""
    turns = 0
    while True:
        sim = Simulation(0, {})
        life = Unseen(sim, turns)
        LIVES[name](life)
        if life.turns > 0:
            return
        sim.engine.world.lose_next = 0
        kept = tuple(look for look in sim.system.looks() if look.name != without)
        sim.system.looks = partial(tuple, kept)  # type: ignore[method-assign]
        try:
            rest.come_to_rest(sim)
        except Violation as violation:
            yield f"{name}, {turns}: {violation}\n" + "\n".join(sim.story)
        turns += 1
