"""Whose a Stripe customer is, for actors and for the oracle: not by what its metadata says today."""

from __future__ import annotations

from billing.domain.ids import UserId
from local.stripe.engine.world import Obj
from tests.simulation.world.journal import Foreign
from tests.simulation.world.simulation import Simulation


def owner_of(sim: Simulation, customer: str) -> UserId | None:
    """The user whom a customer was made for: as its metadata says, unless somebody has written something else there."""
    lied = customer in sim.journal.owners
    user = sim.journal.owners[customer] if lied else _by_metadata(sim, customer)
    return UserId(user) if user else None


def _by_metadata(sim: Simulation, customer: str) -> str | None:
    """A customer that was deleted has none left, but its sessions have."""
    found = sim.engine.world.find(customer)
    if found is not None and not found.get("deleted"):
        user: str | None = found["metadata"].get("user_id")
        return user
    ours = (each for each in sim.engine.world.all("checkout.session") if each["id"] not in sim.journal.forged)
    return next((each["metadata"].get("user_id") for each in ours if each["customer"] == customer), None)


def remember_owner(sim: Simulation, customer: str) -> None:
    """Write down whose it is, before somebody writes another name there."""
    sim.journal.owners[customer] = owner_of(sim, customer)


def foreign(sim: Simulation, customer: Obj) -> None:
    """Write down that somebody else has made this customer."""
    sim.journal.foreign[customer["id"]] = Foreign(customer["email"], {customer["metadata"].get("user_id")})
    sim.journal.owners[customer["id"]] = None
