"""Rest: faults are healed, everything waiting is delivered and consumed, and the end state is held to the oracle.

What Stripe never delivered, or made no event of, is brought back by the schedules' own jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from billing.domain.ids import UserId
from billing.errors import CheckoutConflict, RequestRefused, SubscriptionExists
from billing.services.settle_due import settle_due
from tests.simulation import compare, invariants
from tests.simulation.actors.buyers import LIVE, begin_checkout, sessions
from tests.simulation.actors.machines import consume, deliver
from tests.simulation.actors.mistyped import mend_all
from tests.simulation.actors.operators import resynced
from tests.simulation.actors.plans import ask
from tests.simulation.actors.schedules import LISTS, read
from tests.simulation.actors.spenders import send
from tests.simulation.world.queueing import dead, redrive, waiting
from tests.simulation.world.scheduler import AGES
from tests.simulation.world.simulation import USERS, Simulation
from tests.simulation.world.watch import Violation

_ROUNDS = 60
_HOURS = 25 * 3600.0
"""Longer than any reservation lasts, than any function lives and any message hides, and than a draft invoice waits."""


def come_to_rest(sim: Simulation) -> None:
    """Heal, drain, compare; then do what the schedules do, and resync everybody. Neither may write anything to a ledger
    where no event was lost or left to them; and where one was, the schedules bring all of it back, and a resync finds
    nothing more.
    """
    heal(sim)
    drain(sim)
    if "create_checkout" in sim.journal.cut_short and sim.chance.happens(("asks again",), 0.5):
        _nobody_is_kept_from_buying(sim)
        drain(sim)
    sim.scheduler.pass_time(_HOURS)
    drain(sim)
    mend_all(sim)  # after whatever tells of what was seen while nobody could say what it gives
    settle(sim)
    compare.requests(sim)
    compare.reservations(sim)
    behind = compare.events(sim) or bool(sim.journal.lost)
    compare.customers(sim)
    compare.changes(sim)
    if not behind:
        compare.held_to_oracle(sim, "before any repair")
    thorough = sim.chance.happens(("repair",), 0.25)
    sim.engine.world.lose_next = 0  # what is lost between two lists of a day, the next day's lists find
    if behind or thorough:
        _repaired(sim, reconcile, "the schedules' jobs", writing=behind)
    if thorough:
        _repaired(sim, _resync, "a resync", writing=bool(compare.unheard(sim) or compare.mute(sim)))


def _nobody_is_kept_from_buying(sim: Simulation) -> None:
    """Everybody asks again for what they asked for last: a checkout that has died is in nobody's way (money rule 13).

    That may take a customer over, with more parked events than one look settles: its next event brings the others.
    """
    for user, wishes in sorted(sim.journal.wished.items()):
        tab = begin_checkout(sim, UserId(user), wishes, f"again-{user}")
        sim.scheduler.finish()
        if tab.error is not None and not _has_a_reason(sim, user, tab.error):
            raise Violation(f"{user} is kept from buying {dict(wishes)}: {tab.error!r}")
    for customer in sorted(sim.watch.owners):
        if sim.raw("accounts", f"PARKED#{customer}") is not None:
            ask(sim, "POST", f"/v1/customers/{customer}", {"name": "at last"})


def _has_a_reason(sim: Simulation, user: str, error: Exception) -> bool:
    """Whether a checkout may be refused like this once nothing is under way."""
    if isinstance(error, CheckoutConflict):
        return "being looked at" in str(error)  # a payment that is not as ordered, which a person has to see
    if isinstance(error, SubscriptionExists):
        mine = {customer for customer, owner in sim.watch.owners.items() if owner == user}
        plans = [each for each in sim.engine.world.all("subscription") if each["customer"] in mine]
        debits = [each for each in sessions(sim, "complete") if each["payment_status"] == "unpaid"]
        return any(each["status"] in LIVE for each in plans) or any(each["customer"] in mine for each in debits)
    return isinstance(error, RequestRefused)


def _repaired(sim: Simulation, repair: Callable[[Simulation], None], name: str, *, writing: bool) -> None:
    """`writing`: there may be something to bring back."""
    entries = _entries(sim)
    repair(sim)
    if not writing and _entries(sim) != entries:
        raise Violation(f"{name} at rest wrote to the ledger: {_entries(sim)[len(entries) :]}")
    settle(sim)
    compare.events(sim, repaired=True)
    compare.held_to_oracle(sim, f"after {name}")


def reconcile(sim: Simulation) -> None:
    """What the schedules do, one after the other; what each queues is consumed before the next one."""
    for lists in LISTS:
        done(sim, "catch_up", f"{lists}-{sim.calls}", partial(read, sim, lists))
        drain(sim)


def _resync(sim: Simulation) -> None:
    for user in USERS:
        done(sim, "operator", f"resync-{user}", partial(resynced, sim, UserId(user)))


def heal(sim: Simulation) -> None:
    """From now on nothing strikes."""
    sim.step = 0
    sim.gate.healed = True
    sim.shuffled.orderly = True
    sim.late.orderly = True
    sim.dynamo.settle()
    sim.gate.down.clear()
    sim.scheduler.finish()
    sim.watch.healed_at = sim.watch.commits


def drain(sim: Simulation) -> None:
    """Deliver and consume until nothing waits; send again what nobody has answered."""
    for number in range(_ROUNDS):
        sim.engine.tick()
        sim.deliveries.collect()
        for each in sim.deliveries.waiting:
            each.due = sim.scheduler.now
        for index, delivery in enumerate(sim.deliveries.due()):
            deliver(sim, delivery, f"rest-{number}.{index}-{int(sim.scheduler.now)}")
            sim.scheduler.finish()
        if dead(sim.queue):
            redrive(sim.queue)
        while consume(sim, f"rest-{number}-{sim.calls}", 10):
            sim.scheduler.finish()
        for label, request in [each for each in sim.journal.requests.items() if each[1].answer is None]:
            send(sim, request, f"rest-{number}-{label}")
            sim.scheduler.finish()
        invariants.check(sim)
        if not waiting(sim.queue) and not sim.deliveries.waiting:
            return
        sim.scheduler.now += 900.0
    raise Violation(f"the system does not come to rest: {waiting(sim.queue)} messages are left")


def settle(sim: Simulation, *, delivering: bool = True) -> None:
    """The schedule's job, two minutes later; what Stripe has to tell of these comes before it. It leaves what has ended
    within the last minute to its next run: where something has, that comes, too.
    """

    def work() -> object:
        deps = sim.system.spending()
        return settle_due(deps.clock.now() + AGES, sim.system.due, deps)

    for _ in range(2):
        sim.scheduler.now += 120.0
        if delivering:
            drain(sim)
        done(sim, "reconcile", f"settle-{sim.calls}", work)
        if not _has_ended(sim):
            break


def _has_ended(sim: Simulation) -> bool:
    accounts = [item for user in USERS if (item := sim.raw("accounts", f"ACCOUNT#{user}")) is not None]
    ends = [datetime.fromisoformat(item["due_at"]["S"]).timestamp() for item in accounts if "due_at" in item]
    return any(end <= sim.scheduler.now for end in ends)


def done(sim: Simulation, function: str, label: str, work: Callable[[], object]) -> None:
    """Run one invocation to its end, which must be a good one."""
    task = sim.begin(function, label, work)
    sim.scheduler.finish()
    if task.error is not None:
        raise Violation(f"{task.name} failed at rest: {task.error!r}")


def _entries(sim: Simulation) -> list[str]:
    return [f"{user} {entry['entry']} {entry['kind']}" for user in USERS for entry in sim.journal.entries.get(user, [])]
