"""Items of a subscription: others beside a plan, more or fewer of them, none of one, and many at once."""

from __future__ import annotations

from typing import Any

from local.stripe.engine.payments import refunds
from local.stripe.engine.world import Obj
from tests.simulation.actors.by_hand import looked_at, made_by_hand, payer, price_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.plans import HOW, ask, one, renewal_fails
from tests.simulation.world.catalog import BESIDE, PLANS
from tests.simulation.world.chance import Weights
from tests.simulation.world.simulation import Simulation

_QUANTITIES = Weights({"2": 3, "0": 3, "1": 3, "5": 1})
_DAY = 86400
_LEAST, _MOST = 16, 20
"""Items of a subscription that has many: more than is granted with one write, and no more than Stripe allows."""


def _items(sim: Simulation) -> bool:
    """An item is added to a subscription, or taken off it, or there are more or fewer of it."""
    found = one(sim)
    if found is None:
        return False
    held: list[Obj] = found["items"]["data"]
    beside = [item for item in held if item["price"]["lookup_key"] in BESIDE][-1:]
    prices = {item["price"]["lookup_key"] for item in held}
    free = [key for key in BESIDE if key not in prices]
    entry: dict[str, Any]
    what = sim.chance.one((sim.step, "what"), ("added", "number", "number", "taken off"))
    if what == "taken off" and beside and len(held) > 1:
        entry = {"id": beside[0]["id"], "deleted": True}
    elif what == "added" and free:
        key = sim.chance.one((sim.step, "key"), free)
        entry = {"price": price_of(sim, key), "quantity": 1 + sim.chance.number((sim.step, "more"), 3)}
    else:
        item = sim.chance.one((sim.step, "item"), held)
        entry = {"id": item["id"], "quantity": int(sim.chance.of((sim.step, "quantity"), _QUANTITIES))}
    how = sim.chance.of((sim.step, "how"), HOW)
    sim.tell(f"{found['id']} is changed to have {entry}, {how}")
    ask(sim, "POST", f"/v1/subscriptions/{found['id']}", {"items": [entry], "proration_behavior": how})
    return True


def _second(sim: Simulation) -> bool:
    """Somebody makes another subscription in the dashboard, for a customer of ours, perhaps with something beside."""
    buyer = payer(sim)
    if buyer is None:
        return False
    items = [{"price": price_of(sim, sim.chance.one((sim.step, "to"), PLANS))}]
    if sim.chance.happens((sim.step, "beside"), 0.6):
        beside = price_of(sim, sim.chance.one((sim.step, "addon"), BESIDE))
        items += [{"price": beside}] if items[0]["price"] != beside else []
    day = int(sim.scheduler.now) + _DAY * (2 + sim.chance.number((sim.step, "day"), 20))
    anchored = {"billing_cycle_anchor": day} if sim.chance.happens((sim.step, "anchored"), 0.3) else {}
    made_by_hand(sim, buyer, items, **anchored)
    return True


def _beside_a_year(sim: Simulation) -> bool:
    """A plan by the month is in one subscription with what is billed by the year: a higher plan, which is taken off, or
    storage, to which it was added. Then its renewal fails, and it was paid for its own time only (money rule 21).
    """
    buyer = payer(sim)
    added = sim.chance.happens((sim.step, "added"), 0.4)
    first = ("storage_yearly",) if added else ("pro_monthly", "team_yearly")
    if buyer is None or not made_by_hand(sim, buyer, [{"price": price_of(sim, key)} for key in first]):
        return False
    subscription = sim.engine.world.all("subscription")[0]
    looked_at(sim, "before")
    entry: dict[str, Any]
    if added:
        sim.tell(f"a plan by the month is added to {subscription['id']}")
        entry, how = {"price": price_of(sim, "pro_monthly")}, sim.chance.of((sim.step, "how"), HOW)
    else:
        sim.tell(f"the higher plan of {subscription['id']} is taken off")
        entry, how = {"id": subscription["items"]["data"][1]["id"], "deleted": True}, "none"
    ask(sim, "POST", f"/v1/subscriptions/{subscription['id']}", {"items": [entry], "proration_behavior": how})
    looked_at(sim, "after")
    if subscription["ended_at"] is None:
        renewal_fails(sim, subscription)
    return True


def _many(sim: Simulation) -> bool:
    """A subscription of so many items that its invoices have more lines than are granted with one write. Now and then a
    part of what was paid for them goes back before anybody has looked.
    """
    buyer = payer(sim)
    if buyer is None:
        return False
    number = _LEAST + sim.chance.number((sim.step, "items"), _MOST - _LEAST + 1)
    known = {each["nickname"]: each["id"] for each in sim.engine.world.all("price")}
    items = [{"price": known.get(f"item {each}") or _made(sim, each)} for each in range(number)]
    made_by_hand(sim, buyer, items)
    charge = sim.engine.world.all("charge")[0]
    paid = charge["customer"] == buyer[0]["id"] and charge["status"] == "succeeded"
    if paid and not charge["amount_refunded"] and sim.chance.happens((sim.step, "goes back"), 0.3):
        refunds.make(sim.engine.world, charge, max(1, charge["amount_captured"] // 3))
        sim.tell(f"a third of {charge['id']} goes back")
    if paid and sim.chance.happens((sim.step, "at once"), 0.5):
        looked_at(sim, "many")
    return True


def _made(sim: Simulation, number: int) -> str:
    """A price that nobody orders, and nobody edits."""
    (beside,) = [each for each in sim.engine.world.all("product") if each["name"] == "beside"]
    params = {
        "product": beside["id"],
        "currency": "eur",
        "unit_amount": 100 + number,
        "nickname": f"item {number}",
        "recurring": {"interval": "month"},
        "metadata": {"credits_amount": str(3 + number)},
    }
    name: str = sim.engine.request("POST", "/v1/prices", params).body["id"]
    return name


DEEDS = {
    "items change": Deed(_items, 0.8),
    "second subscription": Deed(_second, 0.5),
    "plan beside what is by the year": Deed(_beside_a_year, 0.15),
    "many items by hand": Deed(_many, 0.15),
}
