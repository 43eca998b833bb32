"""Prices whose metadata somebody has mistyped: until it is mended nobody can say what they give (decision 0063)."""

from __future__ import annotations

from local.stripe.engine.world import Obj
from tests.simulation.actors.by_hand import price_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import work_through
from tests.simulation.actors.plans import ended, ends_soon, one, switched
from tests.simulation.world.catalog import PACKS, PLANS
from tests.simulation.world.simulation import Simulation

FIGURES = ("credits_amount", "credits_expire_days", "entitlement_days")
_SOLD = (*PACKS, *PLANS)


def price_sold(sim: Simulation) -> Obj:
    """One of what the shop sells."""
    name = price_of(sim, sim.chance.one((sim.step, "price"), _SOLD))
    return sim.engine.world.need("price", name)


def mend(sim: Simulation, price: Obj) -> None:
    """Its metadata says again what was meant. Whatever was seen of a payment in between granted nothing, and a plan
    that was first seen then gives no level: only a look at it later on can tell, no event does.
    """
    meant = sim.journal.sold.meant.pop(price["id"])
    sim.journal.sold.mended.append((price["id"], int(sim.scheduler.now)))
    if _is_subscribed(sim, price):
        sim.journal.lost.append(f"{price['lookup_key']} said nothing")
    sim.engine.request("POST", f"/v1/prices/{price['id']}", {"metadata": dict(meant)})
    sim.tell(f"{price['lookup_key']} says again what was meant")


def mend_all(sim: Simulation) -> None:
    """Correct whatever was mistyped."""
    for name in list(sim.journal.sold.meant):
        mend(sim, sim.engine.world.need("price", name))


def _mistype(sim: Simulation, price: Obj) -> None:
    given = price["metadata"]
    key = sim.chance.one((sim.step, "key"), sorted(given.keys() & {"entitlement_level", *FIGURES}))
    sim.journal.sold.mistyped(price["id"], dict(given), sim.step, int(sim.scheduler.now))
    sim.engine.request("POST", f"/v1/prices/{price['id']}", {"metadata": {key: f"{given[key]}o"}})
    sim.tell(f"{price['lookup_key']} has a {key} of {given[key]}o by mistake")


def _is_subscribed(sim: Simulation, price: Obj) -> bool:
    world = sim.engine.world
    items = (item for each in world.all("subscription") for item in each["items"]["data"])
    lines = (line for each in world.all("invoice") for line in each["lines"]["data"])
    named = {item["price"]["id"] for item in items} | {line["pricing"]["price_details"]["price"] for line in lines}
    return price["id"] in named


def _mistyped(sim: Simulation) -> bool:
    """Somebody mistypes the metadata of a price, or sees the mistake and corrects it."""
    price = price_sold(sim)
    (mend if price["id"] in sim.journal.sold.meant else _mistype)(sim, price)
    return True


def _seen(sim: Simulation) -> bool:
    """A plan is renewed, or changed to, while its price is mistyped; that is seen, and mended later or at once."""
    subscription = one(sim)
    if subscription is None or not ends_soon(sim, subscription):
        return False
    has = [item["price"]["lookup_key"] for item in subscription["items"]["data"]]
    plan = sim.chance.one((sim.step, "plan"), (*(name for name in PLANS if name in has), *PLANS))
    price = sim.engine.world.need("price", price_of(sim, plan))
    if price["id"] in sim.journal.sold.meant:
        return False
    _mistype(sim, price)
    if plan not in has:
        switched(sim, subscription, plan, "create_prorations")
    if sim.chance.happens((sim.step, "renewed"), 0.7):
        ended(sim, subscription)
    work_through(sim, "seen")
    if sim.chance.happens((sim.step, "mended"), 0.5):
        mend(sim, price)
    return True


DEEDS = {
    "metadata mistyped": Deed(_mistyped, 0.15),
    "seen while its price is mistyped": Deed(_seen, 0.2),
}
