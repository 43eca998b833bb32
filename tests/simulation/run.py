"""One run from a seed: forty calls of handlers and actors, whatever strikes; then rest, and the comparison."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation import invariants, rest
from tests.simulation.actors import DEEDS, THEMES
from tests.simulation.actors.buyers import buy_before
from tests.simulation.actors.spenders import many_lots
from tests.simulation.restoring.restore import restore
from tests.simulation.world.chance import Name, Tape, Weights
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

CALLS = 40
"""Of handlers and actors, before a run comes to rest."""
_TRIES = 8
"""How often another deed is drawn where there was nothing to do one with."""
_RESTORED = 0.05
"""In so many runs tables are put back to an earlier step at the end."""
_MOST_AT_ONCE = 4
"""Invocations under way."""
_LAST_WORDS = ("change of mind", "consumer is struck", "a customer is taken over")
_PAST = Weights({"nothing": 0.35, "a pack": 0.42, "a customer": 0.18, "many lots": 0.05})
"""What there is before the first call: somebody has bought a pack, or has a customer of the days before this system."""


@dataclass
class Outcome:
    """How a run ended."""

    seed: int
    failure: str | None
    """What did not hold; None when all did."""
    story: list[str] = field(default_factory=list, repr=False)
    tape: Tape = field(default_factory=dict, repr=False)
    calls: int = 0
    """Invocations of handlers, those at rest among them."""
    deeds: int = 0
    """Calls of actors: what people, other apps and the weather did."""
    seconds: float = 0.0
    trace: str = ""
    """A hash of all that happened: two runs of one seed have the same."""


def run(seed: int, tape: Mapping[Name, int] | None = None, world: type[Simulation] = Simulation) -> Outcome:
    """Run once; by `tape` instead of chance where there is one."""
    begun = time.perf_counter()
    gc.collect(0)  # what the run before has left behind is still at hand, and this one gets its memory
    sim = world(seed, tape)
    failure: str | None = None
    try:
        live(sim)
        rest.come_to_rest(sim)
        if sim.chance.happens(("restore",), _RESTORED):
            restore(sim)
    except Violation as violation:
        failure = str(violation)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        failure = f"the simulation itself failed: {type(error).__name__}: {error}"
    told = hashlib.sha256("\n".join(sim.story).encode()).hexdigest()[:16]
    seconds = time.perf_counter() - begun
    return Outcome(seed, failure, sim.story, sim.chance.tape, sim.calls, sim.deeds, seconds, told)


def live(sim: Simulation, calls: int = CALLS) -> None:
    """Let people and machines do what they do, until handlers and actors were called so often.

    A deed that sets off handlers is as many calls as it sets off, any other is one. The last deed of a tape is where it
    was, though deeds before it were taken out.
    """
    past = sim.chance.of(("past",), _PAST)
    if past in ("a pack", "many lots"):
        buy_before(sim)
        if past == "many lots":
            many_lots(sim)
    elif past == "a customer":
        DEEDS["customer from before"].do(sim)
    made = 0
    while made < calls:
        begun = sim.calls
        sim.step += 1
        wavers = (made >= calls - 2 or sim.chance.replays) and _last_word(sim)
        if not wavers:
            _deed(sim)
        _turns(sim)
        invariants.check(sim)
        made = calls if wavers else made + max(1, sim.calls - begun)


def _last_word(sim: Simulation) -> bool:
    """In some runs the last deed is one after which no event comes that could heal what it has done."""
    if not sim.chance.happens((sim.step, "wavers"), 0.3):
        return False
    if DEEDS[sim.chance.one((sim.step, "last word"), _LAST_WORDS)].do(sim):
        sim.deeds += 1
        return True
    for name in ("wavers", "last word"):
        sim.chance.tape.pop((sim.step, name), None)
    return False


def _deed(sim: Simulation) -> None:
    """Somebody does something. The last name that is drawn is the one that stands on the tape."""
    for _ in range(_TRIES):
        name = sim.chance.of((sim.step, "deed"), THEMES[sim.theme])
        done = name != "nothing" and DEEDS[name].do(sim)
        sim.deeds += done
        if done or name == "nothing" or sim.chance.replays:
            return
    sim.chance.tape.pop((sim.step, "deed"), None)


def _turns(sim: Simulation) -> None:
    """Let what is under way go on, in any order, until chance goes on to the next deed."""
    turn = 0
    while ready := sim.scheduler.runnable():
        chosen = ready[sim.chance.number((sim.step, "turn", turn), len(ready))] if len(ready) > 1 else ready[0]
        sim.scheduler.turn(chosen)
        turn += 1
        room = 0 < len(sim.scheduler.tasks) < _MOST_AT_ONCE
        if room and sim.chance.happens((sim.step, "on", turn), 0.35):
            return
