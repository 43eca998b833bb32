"""A simulated run whose accounts are put back at its end to an earlier step, and the steps of docs/restore.md.

Stripe stays as it is, and so does the ledger, or it is put back as well, to the same step or a later one: then what was
spent and given by hand since is gone, and users have it again. Nobody else is under way, and nothing strikes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from billing.domain.ids import UserId
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from tests.simulation import compare, rest
from tests.simulation.actors.buyers import begin_checkout, sessions
from tests.simulation.actors.operators import resynced
from tests.simulation.restoring.operator import killed_mend, mend, put_right
from tests.simulation.restoring.putting_back import Remembering, put_back
from tests.simulation.run import live
from tests.simulation.world.simulation import USERS, Simulation
from tests.simulation.world.watch import Violation

_DAMAGED = (
    ("accounts",),
    ("accounts", "events"),
    ("accounts", "events", "ledger"),
    ("events",),
    ("accounts", "ledger"),
)
"""The tables that are put back."""
_KEPT = 35 * 86400
"""Seconds for which point-in-time recovery goes back."""
_LISTED = 30 * 86400
"""Seconds for which Stripe lists events."""
_CALLS = 30
"""That a mending makes at most, with few exceptions."""


def restored(seed: int) -> Simulation:
    """Run a seed, put tables back, mend, and hold the end to the oracle. Raises Violation."""
    sim = Remembering(seed)
    live(sim)
    chance = Random(seed)  # not the run's own: until its end it is the run of this seed
    which = _DAMAGED[seed % len(_DAMAGED)]
    rest.come_to_rest(sim)
    rest.reconcile(sim)  # so that the lists are read to their ends, and nobody reads the same again by himself
    moments = [each for each in sim.before if each.at > sim.scheduler.now - _KEPT] or sim.before[-1:]
    back = chance.randrange(len(moments))
    ledger = moments[chance.randrange(back, len(moments))] if "ledger" in which else None
    _checkouts(sim, "open")
    put_back(sim, moments[back], ledger, which)
    _pay(sim, USERS[chance.randrange(len(USERS))])
    killed_mend(sim, chance.randrange(1, _CALLS), chance.choice(("crash before", "crash after")))
    put_right(sim, mend(sim))
    mend(sim)
    _resync(sim)
    compare.held_to_oracle(sim, "after a restore")
    _writes_nothing(sim, mend, "a second mending")
    _writes_nothing(sim, _resync, "its resync")
    _writes_nothing(sim, rest.reconcile, "the schedules after a restore")
    _heard_of(sim)
    compare.held_to_oracle(sim, "after the schedules")
    _pay(sim, *USERS)
    _checkouts(sim, "next")
    rest.drain(sim)
    rest.reconcile(sim)
    compare.held_to_oracle(sim, "after the next checkouts")
    return sim


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
            hosted_checkout.submit(
                sim.engine.world, session, CARDS["4242424242424242"], Buyer(user, f"{user}@example.com")
            )


def _heard_of(sim: Remembering) -> None:
    """Each event whose record was deleted has one again, as far back as Stripe lists them."""
    since = sim.scheduler.now - _LISTED
    for name, kind in sim.forgotten.items():
        event = sim.engine.world.find(name)
        if event is not None and event["created"] > since and name not in sim.watch.outcomes:
            raise Violation(f"nobody has heard of {name}, {kind}, again")


def _resync(sim: Simulation) -> None:
    for user in USERS:
        rest.done(sim, "operator", f"resync-{user}-{sim.calls}", partial(resynced, sim, UserId(user)))
    rest.settle(sim, delivering=False)


def _writes_nothing(sim: Remembering, step: Callable[[Remembering], object], name: str) -> None:
    def entries() -> dict[str, int]:
        return {user: len(sim.journal.entries.get(user, [])) for user in USERS}

    before = entries()
    step(sim)
    if entries() != before:
        raise Violation(f"{name} wrote entries")
