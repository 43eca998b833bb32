"""Invoices that somebody sees to by hand: paid in parts or outside of Stripe, written off, voided, paid after all."""

from __future__ import annotations

from dataclasses import replace

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.invoices import invoice_life
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.world import Obj
from tests.simulation.actors.deeds import Deed
from tests.simulation.actors.plans import ask, ends_soon, one, renewal_fails
from tests.simulation.world.chance import Weights
from tests.simulation.world.simulation import Simulation

_UNPAID = ("draft", "open", "uncollectible")
_HOW = Weights({"in parts": 4, "by a card": 1, "outside of Stripe": 1, "written off": 1, "void": 1})
_SMALL = 100
"""In minor units: what is so small is not paid in parts."""


def _unpaid(sim: Simulation) -> list[Obj]:
    """Invoices of subscriptions that wait for somebody, and for no bank debit that is under way."""
    world = sim.engine.world
    found = [each for each in world.all("invoice") if each["status"] in _UNPAID and each["parent"]]
    parts = [each for each in world.all("invoice_payment") if each["status"] == "open"] if found else []
    intents = {each["invoice"]: world.need("payment_intent", each["payment"]["payment_intent"]) for each in parts}
    found = [each for each in found if intents.get(each["id"], each)["status"] != "processing"]
    return [each for each in found if not world.need("customer", each["customer"]).get("deleted")]


def _by_hand(sim: Simulation) -> bool:
    """Somebody sees to an invoice that is not paid; if there is none, a renewal fails first."""
    sim.engine.tick()
    found = _unpaid(sim)
    if not found:
        subscription = one(sim)
        if subscription is None or subscription["default_payment_method"] is None or not ends_soon(sim, subscription):
            return False
        if not renewal_fails(sim, subscription):
            return True
        found = _unpaid(sim)
        if not found:
            return True
    invoice = sim.chance.one((sim.step, "invoice"), found)
    how = sim.chance.of((sim.step, "how"), _HOW)
    path = f"/v1/invoices/{invoice['id']}"
    sim.tell(f"{invoice['id']}, which is {invoice['status']}, is seen to by hand: {how}")
    if how == "in parts":
        _in_parts(sim, invoice)
    elif how == "by a card":
        _mend(sim, invoice)
        ask(sim, "POST", f"{path}/pay", {})
    elif how == "outside of Stripe":
        ask(sim, "POST", f"{path}/pay", {"paid_out_of_band": True})
    else:
        ask(sim, "POST", f"{path}/{'void' if how == 'void' else 'mark_uncollectible'}", {})
    return True


def _mend(sim: Simulation, invoice: Obj) -> None:
    """The card that pays the invoice is good again."""
    world = sim.engine.world
    subscription = world.need("subscription", invoice["parent"]["subscription_details"]["subscription"])
    method = invoice_life.method_of(world, subscription)
    if method is not None:
        world.hidden[method["id"]] = replace(world.hidden[method["id"]], fails_off_session=False)


def _in_parts(sim: Simulation, invoice: Obj) -> None:
    """Two or three payments, each with an intent and a charge of its own (https://docs.stripe.com/invoicing/partial-payments)."""
    world = sim.engine.world
    if invoice["status"] == "draft" and not ask(
        sim, "POST", f"/v1/invoices/{invoice['id']}/finalize", {"auto_advance": False}
    ):
        return
    due = invoice["amount_due"]
    if due < _SMALL or invoice["status"] == "paid":
        return
    for waiting in [each for each in world.all("invoice_payment") if each["invoice"] == invoice["id"]]:
        payment_intents.cancel_open(world, world.need("payment_intent", waiting["payment"]["payment_intent"]), "void")
        waiting["status"] = "canceled"
    parts = 2 + sim.chance.number((sim.step, "parts"), 2)
    sizes = [due // (parts + 1)] * (parts - 1)
    method = payment_methods.make(world, CARDS["4242424242424242"], "payer", "payer@example.com")
    payment_methods.attach(world, method, invoice["customer"])
    for size in (*sizes, due - sum(sizes)):
        intent = payment_intents.make(world, size, invoice["currency"], invoice["customer"], ["card"])
        payment = invoice_life.link(world, invoice, intent)
        payment_intents.confirm(world, intent, method, off_session=True)
        payment |= {"amount_requested": size, "amount_paid": size, "status": "paid"}
        payment["status_transitions"]["paid_at"] = world.now()
        world.emit("invoice_payment.paid", payment)
    invoice_life.mark_paid(world, invoice, None)


DEEDS = {"invoice by hand": Deed(_by_hand, 0.6)}
