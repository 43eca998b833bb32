"""Shopkeepers: they edit the catalog while somebody is on the way to the till. What is paid grants what was ordered."""

from __future__ import annotations

from typing import Any

from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.mistyped import FIGURES, mend, price_sold
from tests.simulation.world.simulation import Simulation


def _sound(sim: Simulation) -> Obj:
    """A price whose metadata is what was meant, if need be from now on."""
    price = price_sold(sim)
    if price["id"] in sim.journal.sold.meant:
        mend(sim, price)
    return sim.engine.world.need("price", price["id"])


def _edited(sim: Simulation, price: Obj) -> dict[str, str]:
    """Other figures than it ever had. Which level a plan has stays, since no event tells of that."""
    given = {name: int(price["metadata"][name]) for name in FIGURES if name in price["metadata"]}
    return {name: str(value + sim.step * (1 + (name == "credits_amount"))) for name, value in given.items()}


def _edit(sim: Simulation) -> bool:
    """The metadata of a price says something else from now on."""
    price = _sound(sim)
    sim.journal.sold.replaced(price["id"], dict(price["metadata"]), sim.step, int(sim.scheduler.now))
    fresh = _edited(sim, price)
    sim.engine.request("POST", f"/v1/prices/{price['id']}", {"metadata": fresh})
    sim.tell(f"{price['lookup_key']} gives {fresh} from now on")
    return True


def _archive(sim: Simulation) -> bool:
    """A price, or its product, is sold no more, or sold again."""
    price = price_sold(sim)
    thing, path = price, f"/v1/prices/{price['id']}"
    if sim.chance.happens((sim.step, "product"), 0.5):
        thing, path = sim.engine.world.need("product", price["product"]), f"/v1/products/{price['product']}"
    sim.engine.request("POST", path, {"active": not thing["active"]})
    sim.tell(f"{thing['object']} of {price['lookup_key']} is {'sold again' if thing['active'] else 'archived'}")
    return True


def _reprice(sim: Simulation) -> bool:
    """Amounts never change: another price takes over the name, and the old one is archived."""
    price = _sound(sim)
    metadata = {**price["metadata"], **_edited(sim, price)}
    made = _made_like(sim, price, {"unit_amount": price["unit_amount"] + 100, "metadata": metadata})
    sim.engine.request("POST", f"/v1/prices/{price['id']}", {"active": False})
    sim.tell(f"{made['lookup_key']} costs {made['unit_amount']} from now on: {made['id']}")
    return True


def _delete(sim: Simulation) -> bool:
    """A plan is deleted while somebody may have it, and another one is sold under its name."""
    price = _sound(sim)
    if not price["recurring"]:
        return False
    sim.journal.sold.gone.append(price)
    sim.engine.request("DELETE", f"/v1/plans/{price['id']}", {})
    made = _made_like(sim, price, {"unit_amount": price["unit_amount"], "metadata": price["metadata"]})
    sim.tell(f"{price['lookup_key']}, {price['id']}, is deleted, and sold as {made['id']} from now on")
    return True


def _made_like(sim: Simulation, price: Obj, params: dict[str, Any]) -> Obj:
    """Another price of the same product and name."""
    shared = {name: price[name] for name in ("product", "currency", "lookup_key")}
    if price["recurring"]:
        shared["recurring"] = {"interval": price["recurring"]["interval"]}
    made: Obj = sim.engine.request("POST", "/v1/prices", {**shared, "transfer_lookup_key": True, **params}).body
    return made


DEEDS = {
    "price gives something else": Deed(_edit, 0.8),
    "price or product archived": Deed(_archive, 0.25),
    "price replaced": Deed(_reprice, 0.3),
    "plan deleted": Deed(_delete, 0.4),
}
