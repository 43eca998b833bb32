"""Meetings: several functions look at the same thing at the same time, which chance alone would seldom let them."""

from __future__ import annotations

from billing.domain.ids import UserId
from local.stripe.engine.payments import refunds
from tests.simulation import compare
from tests.simulation.actors import money, plans
from tests.simulation.actors.buyers import LIVE, begin_checkout, pay, sessions, success_page, user_of
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.machines import consume, deliver_all
from tests.simulation.actors.mistyped import mend_all
from tests.simulation.actors.operators import begin_resync
from tests.simulation.actors.strangers import customer_from_before
from tests.simulation.world.catalog import PLANS
from tests.simulation.world.scheduler import Task
from tests.simulation.world.simulation import USERS, Simulation


def _paid(sim: Simulation) -> bool:
    """A buyer pays; the events are there at once, and consumer, success pages and an operator look together (F05)."""
    session = pay(sim)
    if session is None:
        return False
    deliver_all(sim, f"{sim.step}")
    page = success_page(sim, session, f"{sim.step}a", asks=True)
    if sim.gate.mood != "calm" and sim.chance.happens((sim.step, "in parts"), 0.5):
        # it knows the purchase as it was, and will read the account as the others leave it (money rule 2)
        page.reads_in_parts, page.stalls_for = True, 1 + sim.chance.number((sim.step, "steps"), 3)
        sim.scheduler.run(page)
    consume(sim, f"{sim.step}", 10)
    if sim.chance.happens((sim.step, "redirect"), 0.5):
        success_page(sim, session, f"{sim.step}b", asks=False)
    if sim.chance.happens((sim.step, "operator"), 0.3):
        begin_resync(sim, sim.journal.handed_out[session])
    return True


def _paid_while_looked_at(sim: Simulation) -> bool:
    """A plan is paid for between two requests of one look at Stripe, and a plan is asked for again before any event
    tells of it. The look may know of the subscription and not yet of the payment, never of the payment and not of the
    subscription (money rules 2 and 22).
    """
    if sim.gate.mood == "calm":
        return False
    payable = [each["id"] for each in sessions(sim, "open") if each["mode"] == "subscription"]
    if not payable:
        return False
    name = sim.chance.one((sim.step, "plan"), payable)
    page = success_page(sim, name, f"{sim.step}", asks=True)
    page.stalls_before = sim.chance.one(
        (sim.step, "stalls"), ("GET /v1/subscriptions", f"GET /v1/checkout/sessions/{name}")
    )
    page.stalls_for = 1
    sim.scheduler.run(page)
    if pay(sim, name) is None:
        return True
    page.stalled = 0
    sim.scheduler.run(page)
    user = UserId(sim.journal.handed_out[name])
    tab = begin_checkout(sim, user, {sim.chance.one((sim.step, "wish"), PLANS): 1}, f"{sim.step}")
    sim.scheduler.run(tab)
    paid = sim.engine.world.need("checkout.session", name)["subscription"]
    if tab.result is not None and paid and sim.engine.world.need("subscription", paid)["status"] in LIVE:
        raise sim.violation(f"{user} has paid for a plan with {name}, and may pay for one more with {tab.result.id}")
    return True


def _undone_at_once(sim: Simulation) -> bool:
    """A buyer pays, and has money back or the plan canceled before anybody has looked at either (F36)."""
    name = pay(sim)
    if name is None:
        return False
    session, now = sim.engine.world.need("checkout.session", name), int(sim.scheduler.now)
    if session["subscription"] and sim.chance.happens((sim.step, "canceled"), 0.4):
        plans.ask(sim, "DELETE", f"/v1/subscriptions/{session['subscription']}", {})
        if sim.chance.happens((sim.step, "and again"), 0.6):
            begin_checkout(sim, UserId(sim.journal.handed_out[name]), {"pro_monthly": 1}, f"{sim.step}")
        return True
    charges = [each for each in sim.engine.world.all("charge") if each["customer"] == session["customer"]]
    fresh = [each for each in charges if each["created"] == now and each["status"] == "succeeded"]
    if fresh and not fresh[0]["amount_refunded"]:
        parts = sim.chance.one((sim.step, "parts"), (2, 1))
        refunds.make(sim.engine.world, fresh[0], fresh[0]["amount_captured"] // parts)
        sim.tell(f"what was paid for {name} goes back at once, one part of {parts}")
    return True


def _two_plans(sim: Simulation) -> bool:
    """Two plans in two tabs: each checkout may stand still before a write, until the other has gone on (F45, F60)."""
    if sim.gate.mood == "calm":
        return False
    user = user_of(sim)
    fresh = 0 if user in sim.watch.owners.values() else _FIRST_WRITES
    tabs = []
    for side in "ab":
        wish = sim.chance.one((sim.step, "wish", side), PLANS)
        tab = begin_checkout(sim, user, {wish: 1}, f"{sim.step}{side}")
        if sim.chance.happens((sim.step, "stalls", side), 0.8):
            _stall_at_write(tab, fresh + sim.chance.number((sim.step, "writes", side), 2))
            fresh = 0
        sim.scheduler.run(tab)
        tabs.append(tab)
    for tab in tabs:
        tab.stalled = 0
        sim.scheduler.run(tab)
    return True


_FIRST_WRITES = 2
"""The first checkout of a user writes the account and its customer before the claim and the session."""


def _stall_at_write(task: Task, past: int) -> None:
    task.stalls_before, task.stalls_past, task.stalls_for = "transact_write_items", past, 2


def _taken_over(sim: Simulation) -> bool:
    """Events of a customer from before come while a checkout takes it over. Or one of them dies: the consumer when it
    has parked an event, or the checkout when it has written the owner, and then who takes events off the list (money
    rule 9, F53).
    """
    new = [user for user in USERS if user not in sim.watch.owners.values()]
    if not sim.watch.adopting or sim.gate.mood == "calm" or not new:
        return False
    user = UserId(sim.chance.one((sim.step, "new"), new))
    free = [name for name, each in sim.journal.foreign.items() if each.email == f"{user}@example.com"]
    free = [name for name in free if not sim.engine.world.need("customer", name).get("deleted")]
    customer = free[-1] if free else customer_from_before(sim, user, user, sim.chance.one((sim.step, "plan"), PLANS))
    dies = "nobody" if sim.gate.mood == "busy" else sim.chance.one((sim.step, "dies"), _WHO_DIES)
    _customer_changes(sim, customer, "before")
    if consume(sim, f"{sim.step}", 10):
        parking = sim.scheduler.tasks[-1]
        if dies == "nobody":
            _stall_at_write(parking, sim.chance.number((sim.step, "parked before"), 3))
        elif dies == "consumer":
            _dies_at_write(parking, sim.chance.number((sim.step, "parked before"), 3))
        sim.scheduler.run(parking)
        if dies == "consumer":
            sim.scheduler.now += _HIDDEN
            if consume(sim, f"{sim.step}-again", 10):
                sim.scheduler.run(sim.scheduler.tasks[-1])
    tab = begin_checkout(sim, user, {sim.chance.one((sim.step, "wish"), PLANS): 1}, f"{sim.step}")
    if dies == "checkout":
        _dies_at_write(tab, 1)
    sim.scheduler.run(tab)
    _customer_changes(sim, customer, "after")
    if dies == "checkout" and consume(sim, f"{sim.step}-after", 10):
        _dies_at_write(sim.scheduler.tasks[-1], 1)
        sim.scheduler.run(sim.scheduler.tasks[-1])
        plans.ask(sim, "POST", f"/v1/customers/{customer}", {"name": f"at last, {sim.step}"})
    return True


_HIDDEN = 200.0
"""Longer than a message hides whose consumer has died."""
_WHO_DIES = ("nobody", "consumer", "checkout")


def _customer_changes(sim: Simulation, customer: str, when: str) -> None:
    plans.ask(sim, "POST", f"/v1/customers/{customer}", {"name": f"{when} step {sim.step}"})
    deliver_all(sim, f"{sim.step}-{when}")


def _dies_at_write(task: Task, past: int) -> None:
    task.struck, task.struck_at, task.struck_past = "crash after", "transact_write_items", past


def _taken_over_behind(sim: Simulation) -> bool:
    """A customer from before whose renewal has failed is taken over before any event tells of it: the checkout itself
    must see what was paid through (money rule 21, F55).
    """
    user = user_of(sim)
    mine = [each for each in sim.journal.foreign.values() if each.email == f"{user}@example.com"]
    if not sim.watch.adopting or mine or user in sim.watch.owners.values():
        return False
    customer = customer_from_before(sim, user, user, sim.chance.one((sim.step, "plan"), PLANS[:2]))
    found = [each for each in sim.engine.world.all("subscription") if each["customer"] == customer]
    if not found or not plans.renewal_fails(sim, found[0]):
        return True
    mend_all(sim)
    if user in sim.watch.owners.values():
        return True  # a checkout that was under way has taken it over while all was paid: an event tells of the rest
    healed, sim.gate.healed = sim.gate.healed, True
    tab = begin_checkout(sim, user, {"pack": 1}, f"{sim.step}")
    sim.scheduler.finish()
    sim.gate.healed = healed
    have, want = compare.stored(sim, user).access, compare.must_be(sim)[user].access
    if tab.result is not None and have != want:
        raise sim.violation(f"{user}, whose customer was taken over, has {have} and must have {want}")
    return True


def struck(sim: Simulation) -> bool:
    """Something changes at Stripe, and the consumer of all that tells of it is struck at a write (F16, F17)."""
    if sim.gate.mood in ("calm", "busy"):
        return False
    changes = {
        "refund": money.DEEDS["refund"].do,
        "cancel": plans.DEEDS["cancel"].do,
        "dispute": money.DEEDS["dispute"].do,
    }
    changes["pay"] = lambda sim: pay(sim) is not None
    if not changes[sim.chance.one((sim.step, "change"), ("pay", "pay", "refund", "cancel", "dispute"))](sim):
        return False
    deliver_all(sim, f"{sim.step}")
    if consume(sim, f"{sim.step}", 10):
        sim.strike_at_write(sim.scheduler.tasks[-1], 2)
        sim.scheduler.run(sim.scheduler.tasks[-1])
    return True


DEEDS = {
    "pay, and all look at once": Deed(_paid, 3),
    "pay while it is looked at": Deed(_paid_while_looked_at, 0.5),
    "pay, and back at once": Deed(_undone_at_once, 1),
    "two plans in two tabs": Deed(_two_plans, 0.7),
    "a customer is taken over": Deed(_taken_over, 1.2),
    "a customer that is behind is taken over": Deed(_taken_over_behind, 0.3),
    "consumer is struck": Deed(struck, 0.5),
}
