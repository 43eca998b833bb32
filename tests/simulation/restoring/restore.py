"""Tables are put back to an earlier step, once all has come to rest, and the steps of docs/restore.md are taken.

Stripe stays as it is. If the ledger is put back, to the same step or a later one, what was spent and given by hand
since is gone, and users have it again. Nobody else is under way, and nothing strikes but who kills the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from billing.domain.ids import UserId
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from tests.simulation import compare, rest
from tests.simulation.actors.buyers import begin_checkout, sessions
from tests.simulation.actors.operators import resynced
from tests.simulation.restoring.operator import killed_mend, mend, put_right
from tests.simulation.restoring.putting_back import Drill, put_back
from tests.simulation.world.moments import Moment
from tests.simulation.world.simulation import USERS, Simulation

_DAMAGED = (
    ("accounts",),
    ("events",),
    ("accounts", "events"),
    ("accounts", "ledger"),
    ("accounts", "events", "ledger"),
)
"""The tables that are put back."""
_LISTED = 30 * 86400
"""Seconds for which Stripe lists events."""
_LATE = 3600
"""Seconds after which an event is listed for certain."""
_KEPT = _LISTED - 2 * 86400
"""Seconds for which all comes back: customers are made, and an hour of rest passes, before what is looked for."""
_CALLS = 30
"""That a mending makes at most, with few exceptions."""


def restore(sim: Simulation) -> None:
    """Put tables back, mend, and hold the end to the oracle. Raises Violation."""
    rest.reconcile(sim)  # so that the lists are read to their ends, and nobody reads the same again by himself
    _checkouts(sim, "open")
    drill = _put_back(sim)
    if drill is None:
        return
    _pay(sim, sim.chance.one(("restore", "pays meanwhile"), USERS))
    if sim.chance.happens(("restore", "killed"), 0.7):
        killed_mend(
            drill,
            1 + sim.chance.number(("restore", "killed at"), _CALLS),
            sim.chance.one(("restore", "strike"), ("crash before", "crash after")),
        )
    put_right(sim, mend(drill))
    mend(drill)
    _resync(sim)
    compare.held_to_oracle(sim, "after a restore")
    _writes_nothing(sim, lambda: mend(drill), "a second mending")
    _writes_nothing(sim, lambda: _resync(sim), "its resync")
    _writes_nothing(sim, lambda: rest.reconcile(sim), "the schedules after a restore")
    _heard_of(drill)
    compare.held_to_oracle(sim, "after the schedules")
    _pay(sim, *USERS)
    _checkouts(sim, "next")
    rest.drain(sim)
    rest.reconcile(sim)
    compare.held_to_oracle(sim, "after the next checkouts")


def _put_back(sim: Simulation) -> Drill | None:
    """None where the end is not told by the oracle."""
    which = sim.chance.one(("restore", "which"), _DAMAGED)
    moments = [each for each in sim.moments if each.at > sim.scheduler.now - _KEPT] or sim.moments[-1:]
    back = len(moments) - 1 - sim.chance.number(("restore", "back"), len(moments))
    ledger = None
    if "ledger" in which:
        ledger = moments[back + sim.chance.number(("restore", "ledger"), len(moments) - back)]
    then = moments[back]
    if "accounts" in which and _untold(sim, then):
        return None
    drill = Drill(sim, then.at)
    put_back(drill, then, ledger, which)
    beside = f", the ledger to before step {ledger.step}" if ledger is not None else ""
    sim.tell(f"{' and '.join(which)} are put back to before step {then.step}{beside}")
    return drill


def _untold(sim: Simulation, then: Moment) -> bool:
    """Whether a customer got its owner since whom nobody can prove: we made it, and Stripe lists no event of that. Or
    whether somebody has used what a customer gave that was taken over since: the lot names its session, so a resync
    grants it before the customer is taken over again.
    """
    lost = {name for name in sim.watch.owners if f"CUSTOMER#{name}" not in then.tables["accounts"]}
    events = (each for each in sim.engine.world.all("event") if each["type"] == "customer.created")
    listed = {each["data"]["object"]["id"] for each in events if each["created"] > sim.scheduler.now - _LISTED}
    if lost - sim.journal.foreign.keys() - listed:
        return True
    paid = {each["id"] for each in sim.engine.world.all("checkout.session") if each["customer"] in lost}
    shares = (share for entries in sim.journal.entries.values() for entry in entries for share in entry["lots"])
    return bool(lost & sim.journal.foreign.keys()) and not paid.isdisjoint(share["purchase"] for share in shares)


def _checkouts(sim: Simulation, name: str) -> None:
    """Everybody begins to buy something: whose customers are nobody's may take them over."""
    for user in USERS:
        begin_checkout(sim, UserId(user), {"pack": 1}, f"{name}-{user}")
        sim.scheduler.finish()


def _pay(sim: Simulation, *users: str) -> None:
    """These users pay on the pages that they have open, if they still can."""
    for session in sessions(sim, "open"):
        user = sim.journal.handed_out[session["id"]]
        if user in users:
            card, buyer = CARDS["4242424242424242"], Buyer(user, f"{user}@example.com")
            outcome = hosted_checkout.submit(sim.engine.world, session, card, buyer)
            sim.tell(f"{user} paid {session['id']}: {outcome.step}")


def _heard_of(drill: Drill) -> None:
    """Each event whose record was deleted has one again, as far back as Stripe lists them; the last ones are left to
    the next run, for they may be listed late.
    """
    sim = drill.sim
    for name, kind in drill.forgotten.items():
        event = sim.engine.world.find(name)
        listed = event is not None and _LISTED > sim.scheduler.now - event["created"] > _LATE
        if listed and name not in sim.watch.outcomes:
            raise sim.violation(f"nobody has heard of {name}, {kind}, again")


def _resync(sim: Simulation) -> None:
    for user in USERS:
        rest.done(sim, "operator", f"resync-{user}-{sim.calls}", partial(resynced, sim, UserId(user)))
    rest.settle(sim, delivering=False)


def _writes_nothing(sim: Simulation, step: Callable[[], object], name: str) -> None:
    def entries() -> dict[str, int]:
        return {user: len(sim.journal.entries.get(user, [])) for user in USERS}

    before = entries()
    step()
    if entries() != before:
        raise sim.violation(f"{name} wrote entries")
