"""The operator after a restore: `plumb restore mend` by its own functions, whole or killed, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from billing.adapters.dynamodb.undone_store import DynamoUndone
from billing.domain.ids import UserId
from billing.services.catch_up import read_anew
from billing.services.rebuild_account import RebuildDeps, rebuild_account
from plumb.restore.customers import take_in
from plumb.restore.events import MARGIN, forget_records
from plumb.restore.orders import write_again
from tests.simulation import rest
from tests.simulation.restoring.putting_back import Drill
from tests.simulation.world.catalog import LEVELS
from tests.simulation.world.simulation import USERS, Simulation
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
    stripe: Any
    dynamodb: Any
    accounts: Any
    catalog: Any


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
    """The steps of the command, in its order (plumb/commands/restore.py)."""
    system, since = drill.sim.system, datetime.fromtimestamp(drill.since, UTC) - MARGIN
    world = _world(system)
    read_anew(system.walking().walks, system.converge.clock.now())
    forget_records(world.dynamodb, TABLES.events, since, lambda: None, dry=False)
    undone = DynamoUndone(world.dynamodb, TABLES)
    deps = RebuildDeps(system.credits, system.reading().ledger, undone, system.converge.clock)
    for user in USERS:
        rebuild_account(UserId(user), "jo", deps)
    taken_in = {customer: user for user, customer in take_in(world, since, dry=False)}
    return [f"{each.session} {each.outcome}" for each in write_again(world, since, taken_in, dry=False)]


def _world(system: System) -> World:
    clients = system.clients
    settings = _Settings(TABLES, _Policy(LEVELS))
    return cast("World", _World(settings, clients.stripe, clients.dynamo, system.accounts, system.catalog))
