"""What somebody makes in Stripe's dashboard for a customer of ours."""

from __future__ import annotations

from typing import Any

from local.stripe.engine.world import Obj
from tests.simulation.actors.machines import consume, deliver_all
from tests.simulation.actors.owners import owner_of
from tests.simulation.actors.plans import ask
from tests.simulation.world.simulation import Simulation


def price_of(sim: Simulation, key: str) -> str:
    (price,) = [each for each in sim.engine.world.all("price") if each["lookup_key"] == key]
    name: str = price["id"]
    return name


def payer(sim: Simulation) -> tuple[Obj, str] | None:
    """A customer of ours with a saved payment method, and that."""
    customers = [each for each in sim.engine.world.all("customer") if not each.get("deleted")]
    saved = {each["customer"]: each["id"] for each in sim.engine.world.all("payment_method") if each["customer"]}
    found = [each for each in customers if each["id"] in saved and owner_of(sim, each["id"])]
    if not found:
        return None
    customer = sim.chance.one((sim.step, "customer"), found)
    return customer, saved[customer["id"]]


def looked_at(sim: Simulation, label: str) -> None:
    """All that tells of it is one batch, which the consumer has at once."""
    deliver_all(sim, f"{sim.step}-{label}")
    if consume(sim, f"{sim.step}-{label}", 10):
        sim.scheduler.run(sim.scheduler.tasks[-1])


def made_by_hand(sim: Simulation, payer: tuple[Obj, str], items: list[dict[str, Any]], **more: Any) -> bool:
    customer, method = payer
    sim.tell(f"a subscription to {len(items)} prices is made by hand for {customer['id']}")
    params = {"customer": customer["id"], "items": items, "default_payment_method": method, **more}
    return ask(sim, "POST", "/v1/subscriptions", params)
