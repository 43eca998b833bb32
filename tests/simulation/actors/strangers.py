"""Strangers: other apps on the same Stripe account, and events that are not for this deployment."""

from __future__ import annotations

import json
from typing import Any

from billing.services.accept_event import accept_event
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.engine.world import Obj
from local.stripe.signing import signature_header
from tests.simulation.actors.buyers import told, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.owners import foreign
from tests.simulation.actors.plans import renewal_fails
from tests.simulation.world.catalog import PACKS, PLANS
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import USERS, Simulation

_SOLD = (*PACKS, *PLANS)


def _foreign(sim: Simulation) -> bool:
    """Somebody buys our prices through a payment link, or another app (money rule 10): that is nobody's here."""
    customer = sim.engine.request("POST", "/v1/customers", {"email": "stranger@example.com"}).body
    foreign(sim, customer)
    _buys(sim, customer, sim.chance.one((sim.step, "wish"), _SOLD))
    return True


def _earlier(sim: Simulation) -> bool:
    """A user's customer of the days before this system, or two, perhaps with plans: the first checkout may take them
    over.
    """
    user = user_of(sim)
    hint = sim.chance.one((sim.step, "hint"), (None, user, *USERS))
    several = sim.chance.happens((sim.step, "several"), 0.35)
    for number in range(1 + several):
        sold = PLANS if several else _SOLD
        buys = several or sim.chance.happens((sim.step, "buys"), 0.6)
        wish = sim.chance.one((sim.step, "wish", number), sold) if buys else None
        customer = customer_from_before(sim, user, hint, wish)
        if wish in PLANS and sim.chance.happens((sim.step, "behind", number), 0.25):
            found = [each for each in sim.engine.world.all("subscription") if each["customer"] == customer]
            if found:
                renewal_fails(sim, found[0])
    return True


def customer_from_before(sim: Simulation, user: str, hint: str | None, wish: str | None) -> str:
    """A customer with the address of this user, whose metadata names `hint`, and what it has bought. Some have an id
    that somebody has chosen.
    """
    params: dict[str, Any] = {"email": f"{user}@example.com", **({"metadata": {"user_id": hint}} if hint else {})}
    if sim.chance.happens((sim.step, "chosen"), 0.15):
        params["id"] = f"{len(sim.journal.foreign)}-{user}_{sim.step}"
    customer = sim.engine.request("POST", "/v1/customers", params).body
    foreign(sim, customer)
    name: str = customer["id"]
    sim.tell(f"{name} is a customer of {user}'s from before, and says {hint}")
    if wish is not None:
        _buys(sim, customer, wish)
    return name


def _buys(sim: Simulation, customer: Obj, wish: str) -> None:
    engine = sim.engine
    (price,) = [each for each in engine.world.all("price") if each["lookup_key"] == wish]
    params: dict[str, Any] = {
        "mode": "subscription" if wish in PLANS else "payment",
        "customer": customer["id"],
        "line_items": [{"price": price["id"], "quantity": 1}],
        "success_url": "https://elsewhere.example/thanks",
    }
    made = engine.request("POST", "/v1/checkout/sessions", params)
    if made.status != 200:
        return  # nobody sells it any more
    session = engine.world.need("checkout.session", made.body["id"])
    hosted_checkout.submit(engine.world, session, CARDS["4242424242424242"], Buyer("stranger", "stranger@example.com"))
    sim.tell(f"{customer['id']} bought {wish} through another app: {session['id']}")


def _wrong_mode(sim: Simulation) -> bool:
    """An event of live mode comes with a right signature, as when an endpoint was set up in the wrong mode (F30)."""
    events = sim.engine.world.all("event")
    if not events:
        return False
    event = sim.chance.one((sim.step, "event"), events)
    name = f"{event['id']}live"
    body = json.dumps({**event, "id": name, "livemode": True}).encode()
    (endpoint,) = sim.engine.world.all("webhook_endpoint")

    def work() -> object:
        secrets = webhook_endpoints.secrets(sim.engine.world, endpoint["id"])
        signature = signature_header(body, secrets, int(sim.scheduler.now))
        return accept_event(body=body, signature=signature, correlation_id=f"corr-{name}", deps=sim.system.webhook())

    def ended(task: Task) -> None:
        if task.result is not None and task.result.outcome == "queued":
            sim.journal.accepted[name] = event["type"]
            sim.journal.strange.add(name)
        sim.tell(f"{task.name}: {event['type']} of live mode, {name}: {told(task)}")

    sim.begin("webhook", f"{sim.step}", work, ended)
    return True


DEEDS = {
    "stranger buys": Deed(_foreign, 0.3),
    "customer from before": Deed(_earlier, 0.6),
    "event of the wrong mode": Deed(_wrong_mode, 0.3),
}
