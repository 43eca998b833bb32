"""What must hold after every step, besides what is held against each transaction (world/watch.py)."""

from __future__ import annotations

import json
from functools import lru_cache

from tests.simulation.world.queueing import bodies
from tests.simulation.world.simulation import Simulation
from tests.simulation.world.watch import Violation

_MARK = "simulated:test:1:webhook:done:"


def check(sim: Simulation) -> None:
    """Raise Violation for what does not hold."""
    if sim.log.unexpected:
        raise Violation(f"an error that nobody foresaw: {sim.log.unexpected[0]!r}")
    _nothing_lost(sim)
    _cache_not_ahead(sim)
    _marks_are_true(sim)
    _one_payable(sim)


def _nothing_lost(sim: Simulation) -> None:
    """Money rule 7: what was answered 2xx is in the queue, in the dead-letter queue, or in the events table."""
    missing = sim.journal.accepted.keys() - sim.watch.outcomes.keys()
    if not missing:
        return
    there = {_event_in(body) for body in bodies(sim.queue)}
    if missing - there:
        raise Violation(f"events that were answered 2xx are nowhere: {sorted(missing - there)}")


@lru_cache(maxsize=1024)
def _event_in(body: str) -> str:
    """The event of a message, which lies in the queue for many steps."""
    return str(json.loads(body)["id"])


@lru_cache(maxsize=1024)
def _version_in(text: str) -> int:
    """The account version that a cached value was written from."""
    return int(json.loads(text.split(" ", 1)[1])["version"])


def _cache_not_ahead(sim: Simulation) -> None:
    """What is cached of an account was written from a version that was committed."""
    for user, version in sim.watch.versions.items():
        text = sim.redis.peek(f"simulated:test:1:entitlements:{user}")
        if text is not None and _version_in(text) > version:
            raise Violation(f"the cache has a version of {user}'s account that is nowhere else: {text}")


def _marks_are_true(sim: Simulation) -> None:
    """Money rule 8: only what has come to an end is marked as done, or the webhook would skip what still has to be."""
    for key in sim.redis.kept():
        if key.startswith(_MARK):
            outcome = sim.watch.outcomes.get(key.removeprefix(_MARK))
            if outcome is None or outcome in ("PARKED", "QUARANTINED"):
                raise Violation(f"{key} is marked as done, and is {outcome or 'recorded nowhere'}")


def _one_payable(sim: Simulation) -> None:
    """Money rules 13, 22 and 24: of one plan group, or one pack, a user has at most one session that can be paid."""
    world = sim.engine.world
    payable: dict[tuple[str, str], str] = {}
    for name, user in sim.journal.handed_out.items():
        session = world.find(name)
        if session is None or session["status"] != "open" or session["expires_at"] <= sim.scheduler.now:
            continue
        lines = sorted(f"{line['price']['id']}*{line['quantity']}" for line in world.hidden[name].lines)
        slot = user, "plan" if session["mode"] == "subscription" else ",".join(lines)
        if slot in payable:
            raise Violation(f"{user} can pay both {payable[slot]} and {name}")
        payable[slot] = name
