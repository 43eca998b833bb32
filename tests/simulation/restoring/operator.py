"""The operator after a restore: what `plumb restore mend` does, whole or killed, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from billing.adapters.dynamodb.undone_store import DynamoUndone
from billing.services.rebuild_account import RebuildDeps
from plumb.restore.mending import mended
from plumb.restore.orders import Found
from tests.simulation import rest
from tests.simulation.restoring.putting_back import Drill
from tests.simulation.world.catalog import LEVELS
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.system import TABLES, System

if TYPE_CHECKING:
    from plumb.world import World


@dataclass(frozen=True)
class _Policy:
    levels: tuple[str, ...]


@dataclass(frozen=True)
class _Settings:
    tables: Any
    policy: _Policy


@dataclass(frozen=True)
class _World:
    """What the functions of `plumb restore` need of plumb.world.World, over the simulated clients."""

    settings: _Settings
    clock: Any
    stripe: Any
    dynamodb: Any
    accounts: Any
    catalog: Any
    walking: Any
    rebuild: RebuildDeps


def mend(drill: Drill) -> list[str]:
    """Mend what was put back; what is told of each session."""
    told: list[str] = []
    sim = drill.sim
    rest.done(sim, "operator", f"mend-{sim.calls}", lambda: told.extend(_mended(drill)))
    drill.forget_events()
    for each in told:
        sim.tell(f"to mend tells: {each}")
    return told


def killed_mend(drill: Drill, at: int, strike: str) -> None:
    """Begin to mend, and be killed at one of the calls, if there are so many."""
    sim = drill.sim
    sim.gate.healed = False
    sim.gate.script = lambda task, service, what: strike if task.calls == at else "nothing"
    task = sim.begin("operator", f"killed-{sim.calls}", lambda: _mended(drill))
    sim.scheduler.finish()
    sim.gate.script = None
    if task.error is not None:
        raise sim.violation(f"{task.name} failed: {task.error!r}")
    rest.heal(sim)
    drill.forget_events()


def put_right(sim: Simulation, told: list[str]) -> None:
    """Do what was asked for: write what somebody has written over, in a session and in what it has brought about."""
    world = sim.engine.world
    for name in (each.split(" ")[0] for each in told if "was written over" in each):
        session = world.need("checkout.session", name)
        claim = {"user_id": sim.journal.handed_out[name], "order_id": session["client_reference_id"]}
        for path in ("checkout/sessions", "payment_intents", "subscriptions"):
            thing = name if path == "checkout/sessions" else session[path.removesuffix("s")]
            if thing is not None:
                answer = sim.engine.request("POST", f"/v1/{path}/{thing}", {"metadata": claim})
                assert answer.status == 200, answer.body


def _mended(drill: Drill) -> list[str]:
    world = _world(drill.sim.system)
    steps = mended(world, datetime.fromtimestamp(drill.since, UTC), "jo", lambda: None, dry=False)
    return [f"{each.session} {each.outcome}" for each in steps if isinstance(each, Found)]


def _world(system: System) -> World:
    dynamodb: Any = system.clients.dynamo
    found = _World(
        settings=_Settings(TABLES, _Policy(LEVELS)),
        clock=system.converge.clock,
        stripe=system.clients.stripe,
        dynamodb=dynamodb,
        accounts=system.accounts,
        catalog=system.catalog,
        walking=system.walking(),
        rebuild=RebuildDeps(
            system.credits, system.reading().ledger, DynamoUndone(dynamodb, TABLES), system.converge.clock
        ),
    )
    return cast("World", found)
