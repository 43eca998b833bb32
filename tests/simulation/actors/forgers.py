"""Forgers: whoever may write to the Stripe account writes other people's ids into it, and nobody gains by that.

Metadata and client_reference_id are hints. Whose a payment is, is what our own records say (F35); what is paid for is
held against the order (F46).
"""

from __future__ import annotations

from typing import Any

from billing.domain.ids import UserId
from billing.errors import BillingError
from billing.services.sync_after_checkout import sync_after_checkout
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.world import Obj
from tests.simulation.actors.buyers import sessions, told, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.owners import foreign, owner_of, remember_owner
from tests.simulation.world.catalog import PACKS, PLANS
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import USERS, Simulation

_SOLD = (*PACKS, *PLANS)


def _forged(sim: Simulation) -> bool:
    """Another app sells one of our prices, in the name of somebody else and under an order that is not its own."""
    user = user_of(sim)
    victim = UserId(sim.chance.one((sim.step, "victim"), USERS))
    customer = _customer(sim, user)
    wish = sim.chance.one((sim.step, "wish"), _SOLD)
    mode = "subscription" if wish in PLANS else "payment"
    (price,) = [each for each in sim.engine.world.all("price") if each["lookup_key"] == wish]
    order = _order(sim, victim)
    # the user's own order for the very same things would be no forgery: it is paid for
    quantity = 7 if mode == "payment" else 1
    if mode == "subscription" and victim == user:
        order = _UNKNOWN
    claim = {"user_id": victim, "order_id": order}
    params: dict[str, Any] = {
        "mode": mode,
        "customer": customer["id"],
        "client_reference_id": order,
        "metadata": claim,
        "line_items": [{"price": price["id"], "quantity": quantity}],
        "success_url": "https://elsewhere.example/thanks",
        ("subscription_data" if mode == "subscription" else "payment_intent_data"): {"metadata": claim},
    }
    answer = sim.engine.request("POST", "/v1/checkout/sessions", params)
    if answer.status != 200:
        sim.tell(f"Stripe does not sell {wish} through another app")
        return True
    session = sim.engine.world.need("checkout.session", answer.body["id"])
    sim.journal.forged.add(session["id"])
    hosted_checkout.submit(sim.engine.world, session, CARDS["4242424242424242"], Buyer("app", "app@example.com"))
    whose = owner_of(sim, customer["id"]) or "a stranger"
    sim.tell(f"{whose} bought {wish} through another app, which says it was {victim} with {order}: {session['id']}")
    return True


_UNKNOWN = "ord_never_written"


def _order(sim: Simulation, victim: UserId) -> str:
    """An order of the victim's: what a success page's address, a receipt or a dashboard shows."""
    ours = [each for each in sessions(sim) if sim.journal.handed_out[each["id"]] == victim]
    if not ours or sim.chance.happens((sim.step, "unknown"), 0.25):
        return _UNKNOWN
    order: str = sim.chance.one((sim.step, "order"), ours)["client_reference_id"]
    return order


def _customer(sim: Simulation, user: UserId) -> Obj:
    """The customer that pays: the user's own, or a stranger's that calls itself the user's.

    One that was made but never written down, because a function died in between, is nobody's: what it pays is parked
    until the user's next checkout takes it in, which may be never.
    """
    known = {each["customer"] for each in sessions(sim)}
    own = [
        each for each in sim.engine.world.all("customer") if each["id"] in known and owner_of(sim, each["id"]) == user
    ]
    if own and sim.chance.happens((sim.step, "own customer"), 0.5):
        remember_owner(sim, own[0]["id"])
        return own[0]
    made = sim.engine.request("POST", "/v1/customers", {"email": "app@example.com", "metadata": {"user_id": user}}).body
    foreign(sim, made)
    return made


def _rewrite(sim: Simulation) -> bool:
    """Somebody writes another user's id over ours, on a customer, a session or a subscription."""
    world = sim.engine.world
    kinds = {"customer": "customers", "checkout.session": "checkout/sessions", "subscription": "subscriptions"}
    found = [each for kind in kinds for each in world.all(kind) if not each.get("deleted") and not each.get("ended_at")]
    if not found:
        return False
    thing = sim.chance.one((sim.step, "thing"), found)
    customer = thing["id"] if thing["object"] == "customer" else thing["customer"]
    if customer:
        remember_owner(sim, customer)
    victim = sim.chance.one((sim.step, "victim"), USERS)
    order = _UNKNOWN if victim == (customer and owner_of(sim, customer)) else _order(sim, UserId(victim))
    path = f"/v1/{kinds[thing['object']]}/{thing['id']}"
    if thing["object"] == "checkout.session" and not thing["client_reference_id"]:
        sim.journal.forged.add(thing["id"])
    if thing["id"] in sim.journal.foreign:
        sim.journal.foreign[thing["id"]].hints.add(victim)
    claim = {"user_id": victim, "order_id": order}
    if sim.chance.happens((sim.step, "user only"), 0.4):
        del claim["order_id"]
    answer = sim.engine.request("POST", path, {"metadata": claim})
    sim.tell(f"{thing['id']} is said to be {victim}'s, with {claim.get('order_id', 'its order')}: {answer.status}")
    return True


def _other_success(sim: Simulation) -> bool:
    """Somebody asks for the success page of another user's session, and must not see it (S06)."""
    found = sessions(sim)
    if not found:
        return False
    session = sim.chance.one((sim.step, "session"), found)["id"]
    (other,) = (UserId(user) for user in USERS if user != sim.journal.handed_out[session])

    def ended(task: Task) -> None:
        if task.result is not None or (task.error is not None and not isinstance(task.error, BillingError)):
            raise sim.violation(f"{other} was shown {session} of {sim.journal.handed_out[session]}: {told(task)}")
        sim.tell(f"{task.name}: {other} asked for {session}, which is not {other}'s: {told(task)}")

    sim.begin("success_sync", f"{sim.step}", lambda: sync_after_checkout(other, session, sim.system.success()), ended)
    return True


DEEDS = {
    "forged purchase": Deed(_forged, 0.8),
    "metadata is rewritten": Deed(_rewrite, 0.6),
    "another's success page": Deed(_other_success, 0.3),
}
