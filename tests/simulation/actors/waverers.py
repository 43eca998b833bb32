"""People who change their minds while a function is looking: what it has seen is no longer so when it writes.

Something is done at Stripe, a converge sees it and stands still, it is undone, and all events of both are worked
through. Then the converge goes on. With what it has seen it must not win, whether those that came between found nothing
to change or both changes (money rule 1). Nor with what it sees at its second try, if it is overtaken again (money
rule 3).
"""

from __future__ import annotations

from collections.abc import Callable

from billing.domain.ids import InvoiceId, SessionId
from billing.ports.stripe import Touched
from billing.services.converge import converge
from local.stripe.engine.payments import disputes, refunds
from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import work_through
from tests.simulation.actors.owners import owner_of
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import Simulation

_LONGEST = 7
"""Calls of a converge before which it may stand still."""
_AT_LEAST = 2
_MOST_INVOICES = 10
"""Of one look, the newest: as many as a resync looks at with one."""

type Undo = Callable[[], None]


def _waver(sim: Simulation) -> bool:
    sim.engine.tick()
    plans = [each for each in sim.engine.world.all("subscription") if each["status"] in ("active", "past_due")]
    charges = [
        each
        for each in sim.engine.world.all("charge")
        if each["status"] == "succeeded" and not each["amount_refunded"] and not each["disputed"]
    ]
    found = plans or charges
    if not found:
        return False
    thing = sim.chance.one((sim.step, "thing"), found)
    user = owner_of(sim, thing["customer"])
    if user is None:
        return False
    work_through(sim, "before")
    undo = _turn(sim, thing)
    if sim.chance.happens((sim.step, "invoices"), 0.5):  # as a resync does
        paid = frozenset(InvoiceId(each["id"]) for each in _paid_invoices(sim, thing["customer"]))
        touched = Touched(invoices=paid, registers=paid)
    else:
        bought = (SessionId(name) for name, owner in sim.journal.handed_out.items() if owner == user)
        touched = Touched(sessions=frozenset(bought))
    looking = sim.begin(
        "operator",
        f"{sim.step}-looks",
        lambda: converge(user, touched, [], "operator", sim.system.converge),
        lambda task: sim.tell(f"{task.name}: the converge that stood still ended"),
    )
    looking.stalls_at = sim.chance.number((sim.step, "call"), _LONGEST)
    writes = looking.stalls_at < _LONGEST // 2
    if writes:
        looking.stalls_at, looking.stalls_before = 0, "transact_write_items"
    looking.stalls_for = _AT_LEAST + sim.chance.number((sim.step, "steps"), 4)
    sim.scheduler.run(looking)
    if sim.chance.happens((sim.step, "seen"), 0.5):
        work_through(sim, "meanwhile")
    undo()
    work_through(sim, "after")
    sim.tell(f"{user} has changed {thing['id']}, and changed it back")
    if plans and writes and sim.chance.happens((sim.step, "again"), 0.8):
        _goes_on_to_its_next_write(sim, looking)
        if not looking.over:
            _turn(sim, thing)
            work_through(sim, "once more")
            sim.tell(f"{user} has changed {thing['id']} once more, while that converge stood still at its second try")
    return True


def _paid_invoices(sim: Simulation, customer: str) -> list[Obj]:
    found = [each for each in sim.engine.world.all("invoice") if each["customer"] == customer]
    return [each for each in found if each["status"] == "paid"][-_MOST_INVOICES:]


def _goes_on_to_its_next_write(sim: Simulation, looking: Task) -> None:
    """It has lost, waits for a moment, reads anew what came between, and stands still again before it writes that."""
    looking.stalls_before, looking.stalls_for = "transact_write_items", _AT_LEAST
    while looking.stalls_before and not looking.over:
        looking.stalled, sim.scheduler.now = 0, max(sim.scheduler.now, looking.wakes_at)
        sim.scheduler.run(looking)


def _turn(sim: Simulation, thing: Obj) -> Undo:
    """Do something that can be undone; how to undo it."""
    world = sim.engine.world
    if thing["object"] == "subscription":
        path, ends = f"/v1/subscriptions/{thing['id']}", thing["cancel_at_period_end"]
        sim.engine.request("POST", path, {"cancel_at_period_end": not ends})
        return lambda: _ask(sim, path, ends=ends)
    if sim.chance.happens((sim.step, "disputes"), 0.3):
        dispute = disputes.open_dispute(world, thing, inquiry=False)
        return lambda: disputes.close(world, dispute, "won")
    refund = refunds.make(world, thing, max(1, thing["amount_captured"] // 2))
    return lambda: refunds.fail(world, refund)


def _ask(sim: Simulation, path: str, *, ends: bool) -> None:
    sim.engine.request("POST", path, {"cancel_at_period_end": ends})


DEEDS = {"change of mind": Deed(_waver, 3)}
