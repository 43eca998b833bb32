"""Every interleaving of two converges, a spend, and what Stripe does meanwhile, at the calls that can see each other.

A converge reads the account, reads Stripe, and commits; a spend reads and writes. Between any two of these, anything of
the others may come. What is only read of Stripe in one snapshot counts as one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from billing.domain.ids import SessionId
from billing.services.converge import converge, touched_session
from local.stripe.engine.payments import refunds
from tests.simulation import invariants, rest
from tests.simulation.actors.spenders import send
from tests.simulation.exhaustive.lives import ALICE, Life
from tests.simulation.world.journal import Request
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation


@dataclass
class Path:
    """The choices of one play, and how many there were at each."""

    chosen: list[int] = field(default_factory=list)
    ways: list[int] = field(default_factory=list)

    def choose(self, step: int, ways: int) -> int:
        """The choice at this step; the first where none is written yet."""
        if step == len(self.chosen):
            self.chosen.append(0)
        self.ways.append(ways)
        return self.chosen[step]

    def next(self) -> Path | None:
        """The path that branches off last; None when all were gone."""
        chosen = self.chosen[: len(self.ways)]
        while chosen and chosen[-1] + 1 >= self.ways[len(chosen) - 1]:
            chosen.pop()
        if not chosen:
            return None
        return Path([*chosen[:-1], chosen[-1] + 1])


def _before_each_step(last: dict[str, str]) -> Callable[[Task, str, str], str]:
    """Leave an invocation before each call of DynamoDB, and before the first of a row of calls of Stripe."""

    def strike(task: Task, service: str, what: str) -> str:
        before, last[task.name] = last.get(task.name), service
        alone = service == "dynamodb" or (service == "stripe" and before != "stripe")
        return "switch before" if alone and before is not None else "nothing"

    return strike


type Stage = Callable[[Simulation, Life], list[Callable[[], None]]]
"""Sets the scene, begins the invocations, and returns what Stripe does meanwhile, in order."""


def begin_converge(sim: Simulation, label: str, session: str) -> None:
    """A converge of alice's account that looks at this session."""
    sim.begin(
        "operator",
        label,
        lambda: converge(ALICE, touched_session(SessionId(session)), [], "operator", sim.system.converge),
    )


def _bought(sim: Simulation, life: Life) -> tuple[str, Any]:
    life.checkout("pack")
    life.pay()
    life.returns(asks=True)
    (session,) = sim.journal.handed_out
    charge = life.charge()
    assert charge is not None
    return session, charge


def spending(sim: Simulation, life: Life) -> list[Callable[[], None]]:
    """Two converges after a refund, and a spend beside them."""
    session, charge = _bought(sim, life)
    refunds.make(sim.engine.world, charge, 500)
    begin_converge(sim, "first", session)
    begin_converge(sim, "second", session)
    request = Request("key-spend", ALICE, "spend", {"amount": 60})
    sim.journal.requests[request.key] = request
    send(sim, request, "spend")
    return []


def flickering(sim: Simulation, life: Life) -> list[Callable[[], None]]:
    """A refund is made and fails while two converges are under way; a third looks at the end, as the event has it."""
    session, charge = _bought(sim, life)
    world = sim.engine.world
    begin_converge(sim, "first", session)
    made: list[Any] = []

    def second() -> None:
        refunds.fail(world, made[0])
        begin_converge(sim, "second", session)  # set off by the event of the failure: it can't begin before

    return [lambda: made.append(refunds.make(world, charge, 500)), second]


def _subscribed(sim: Simulation, life: Life) -> tuple[str, str]:
    life.checkout("pro_monthly")
    life.pay()
    life.returns(asks=True)
    (session,), (plan,) = sim.journal.handed_out, sim.engine.world.all("subscription")
    return session, plan["id"]


def _canceling(sim: Simulation, plan: str, *, ends: bool) -> None:
    sim.engine.request("POST", f"/v1/subscriptions/{plan}", {"cancel_at_period_end": ends})


def wavering(sim: Simulation, life: Life) -> list[Callable[[], None]]:
    """A plan is canceled, and kept after all: the second converge finds everything as it is stored, and yet a first one
    that has seen the cancellation must not write it any more (money rule 1).
    """
    session, plan = _subscribed(sim, life)
    begin_converge(sim, "first", session)

    def kept() -> None:
        _canceling(sim, plan, ends=False)
        begin_converge(sim, "second", session)

    return [lambda: _canceling(sim, plan, ends=True), kept]


def canceling(sim: Simulation, life: Life) -> list[Callable[[], None]]:
    """A plan is canceled between two converges, with a spend beside them."""
    session, plan = _subscribed(sim, life)
    begin_converge(sim, "first", session)
    request = Request("key-spend", ALICE, "spend", {"amount": 20})
    sim.journal.requests[request.key] = request
    send(sim, request, "spend")

    def canceled() -> None:
        _canceling(sim, plan, ends=True)
        begin_converge(sim, "second", session)

    return [canceled]


STAGES: dict[str, Stage] = {
    "spending": spending,
    "flickering": flickering,
    "wavering": wavering,
    "canceling": canceling,
}


def play(name: str, path: Path) -> str | None:
    """Play one interleaving; what did not hold, if anything."""
    sim = Simulation(0, {})
    try:
        meanwhile = STAGES[name](sim, Life(sim))
        sim.deliveries.collect()
        sim.deliveries.waiting.clear()  # the converges are what the events would set off: nothing heals them later
        sim.gate.script = _before_each_step({})
        step = 0
        while sim.scheduler.tasks or meanwhile:
            ready = sim.scheduler.runnable()
            if not ready and not meanwhile:
                sim.scheduler.now = min(task.wakes_at for task in sim.scheduler.tasks)
                continue
            chosen = path.choose(step, len(ready) + bool(meanwhile))
            step += 1
            if chosen < len(ready):
                sim.scheduler.turn(ready[chosen])
            else:
                meanwhile.pop(0)()
            sim.deliveries.collect()
            sim.deliveries.waiting.clear()
        invariants.check(sim)
        rest.come_to_rest(sim)
    except Violation as violation:
        return f"{name}, {path.chosen}: {violation}\n" + "\n".join(sim.story)
    return None


def failures(name: str, most: int | None = None) -> Iterator[str | None]:
    """What did not hold, for each interleaving there is: None where all did."""
    path: Path | None = Path()
    count = 0
    while path is not None and (most is None or count < most):
        yield play(name, path)
        path, count = path.next(), count + 1
