"""Lives of which Stripe makes no event for a while: from each of its changes to each later one, and to the end.

Nothing tells of what is done meanwhile, to nobody, ever; what is done later is told. What the schedules find at rest
must be all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import combinations

from tests.simulation import rest
from tests.simulation.exhaustive import lives, plans
from tests.simulation.exhaustive.lives import Life
from tests.simulation.world.chance import Tape
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

LISTS = ("sessions", "subscriptions", "invoices", "refunds", "disputes")


LIVES: dict[str, Callable[[Life], None]] = {**lives.LIVES, **plans.LIVES}
SETTINGS: dict[str, Tape] = {
    "without trials": {},
    "with trials": {("trial days",): 2},
    "with credits on trial": {("trial days",): 2, ("trial credits",): 1},
}


class Losing:
    """Lets Stripe make no event of some changes: those from number `since` to number `until`, counted from 0."""

    def __init__(self, sim: Simulation, since: int, until: int) -> None:
        self._world = sim.engine.world
        self._lost = range(since, until)
        self.changes = 0
        self._world.followers.append(lambda world, kind, obj: self._changed())
        if until > since:
            sim.journal.lost.append("events of a while")
        self._next()

    def _changed(self) -> None:
        self.changes += 1
        self._next()

    def _next(self) -> None:
        self._world.lose_next = 1 if self.changes in self._lost else 0


def changes_of(name: str, settings: str) -> int:
    """Of how many changes Stripe makes an event in a life."""
    sim = Simulation(0, SETTINGS[settings])
    counted = Losing(sim, 0, 0)
    LIVES[name](Life(sim))
    return counted.changes


def windows(name: str, settings: str) -> Iterator[tuple[int, int]]:
    """Every run of changes of a life, those up to its end first."""
    changes = changes_of(name, settings)
    runs = combinations(range(changes + 1), 2)
    return iter(sorted(runs, key=lambda run: run[1] != changes))


def failures(name: str, settings: str, lost: Iterable[tuple[int, int]], without: str | None = None) -> Iterator[str]:
    """What did not hold, of each play of a life; `without` one of the lists that are looked at."""
    for since, until in lost:
        sim = Simulation(0, SETTINGS[settings])
        Losing(sim, since, until)
        LIVES[name](Life(sim))
        kept = tuple(look for look in sim.system.looks() if look.name != without)
        sim.system.looks = partial(tuple, kept)  # type: ignore[method-assign]
        try:
            rest.come_to_rest(sim)
        except Violation as violation:
            yield f"{name} {settings}, {since} to {until}: {violation}\n" + "\n".join(sim.story)
