"""Every crash point of every function over every life: before a call and after it, one by one and in pairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from tests.simulation import invariants, rest
from tests.simulation.exhaustive.lives import LIVES, Life
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

type Point = tuple[str, int, str]
"""An invocation, the number of its call, and `crash before` or `crash after`."""


def play(name: str, points: Collection[Point] = (), met: set[Point] | None = None) -> str | None:
    """Play a life in which functions die at these points; what did not hold, if anything. `met` is told every point."""
    sim = Simulation(0, {})
    strikes = {(task, call): strike for task, call, strike in points}

    def strike(task: Task, service: str, what: str) -> str:
        if met is not None:
            met.update((task.name, task.calls, when) for when in ("crash before", "crash after"))
        return strikes.get((task.name, task.calls), "nothing")

    sim.gate.script = strike
    try:
        LIVES[name](Life(sim))
        invariants.check(sim)
        rest.come_to_rest(sim)
    except Violation as violation:
        return f"{name}, {sorted(points)}: {violation}\n" + "\n".join(sim.story)
    return None


def points_of(name: str) -> list[Point]:
    """Every point at which a function may die when nothing else happens."""
    met: set[Point] = set()
    assert play(name, (), met) is None
    return sorted(met)


def singles(name: str) -> Iterator[tuple[Point, ...]]:
    """Each point alone."""
    return ((point,) for point in points_of(name))


def pairs(name: str) -> Iterator[tuple[Point, ...]]:
    """Each point with each further one, among them those that there are only after the first."""
    for first in points_of(name):
        met: set[Point] = set()
        play(name, (first,), met)
        yield from ((first, second) for second in sorted(met) if second > first)


def failures(name: str, plans: Callable[[str], Iterator[tuple[Point, ...]]]) -> Iterator[str]:
    """What did not hold in any of the plays."""
    for plan in plans(name):
        failure = play(name, plan)
        if failure is not None:
            yield failure
