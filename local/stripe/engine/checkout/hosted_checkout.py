"""What happens behind the hosted page: the buyer pays, is refused, is asked for 3-D Secure, or starts a SEPA debit.

Not part of Stripe's public API; the page in `web/` calls it, and so may a simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.buyers.instruments import Instrument
from local.stripe.engine.catalog import discounts
from local.stripe.engine.checkout import checkout_buyer, checkout_subscription, payment_invoices, session_order
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.errors import ApiError
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.world import Obj, World


@dataclass(frozen=True)
class Outcome:
    """What the page does next."""

    step: Literal["complete", "authenticate", "retry", "closed"]
    message: str = ""


def submit(world: World, session: Obj, instrument: Instrument | None, buyer: Buyer) -> Outcome:
    """Pay with what the buyer typed; `instrument` is None only where nothing is due and nothing is collected."""
    if session["status"] != "open":
        return Outcome("closed")
    if (gone := _gone(world, session)) is not None:
        return gone
    with world.at(world.time_of(session["customer"])):
        order: Order = world.hidden[session["id"]]
        try:
            session_order.check_redeemable(world, session, order)
        except ApiError as refusal:
            return Outcome("retry", refusal.message)
        locate(world, session, buyer)
        checkout_buyer.remember(world, session, buyer)
        method = payment_methods.make(world, instrument, buyer.name, buyer.email) if instrument else None
        if method is not None and buyer.address:
            method["billing_details"]["address"] = buyer.whole_address()
        if session["mode"] == "subscription":
            return _after(world, session, checkout_subscription.pay(world, session, method), method)
        if session["amount_total"] == 0 or method is None:
            _forget_intent(world, session)
            _complete(world, session, "no_payment_required")
            return Outcome("complete")
        intent = _intent(world, session)
        payment_intents.confirm(world, intent, method)
        return _after(world, session, intent, method)


def _gone(world: World, session: Obj) -> Outcome | None:
    """The refusal of a session whose customer was deleted: nothing can be paid in the name of one that is not there."""
    customer = world.find(session["customer"]) if session["customer"] else None
    if customer is None or not customer.get("deleted"):
        return None
    return Outcome("retry", f"No such customer: '{customer['id']}'")


def locate(world: World, session: Obj, buyer: Buyer) -> None:
    """Reckon the tax for where the buyer says he is; a customer's address that may not change stays what counts."""
    order: Order = world.hidden[session["id"]]
    if order.taxed and buyer.address and (session["customer"] is None or order.updates.get("address") == "auto"):
        session_order.locate(world, session, order, buyer.whole_address(), buyer.tax_ids)


def authenticate(world: World, session: Obj, passed: bool) -> Outcome:
    """Go on after the 3-D Secure page."""
    intent = world.find(session["payment_intent"] or world.hidden.get(f"{session['id']}/intent", ""))
    if session["status"] != "open" or intent is None or intent["status"] != "requires_action":
        return Outcome("closed")
    if (gone := _gone(world, session)) is not None:
        return gone
    with world.at(world.time_of(session["customer"])):
        method = world.need("payment_method", intent["payment_method"])
        if passed:
            payment_intents.confirm(world, intent, method, authenticated=True)
        else:
            payment_intents.fail_authentication(world, intent)
        return _after(world, session, intent, method)


def _intent(world: World, session: Obj) -> Obj:
    """The payment intent of the session, made when the buyer first confirms and not before.

    https://docs.stripe.com/changelog/2022-08-01/checkout-paymentintents-created-on-confirmation
    """
    if session["payment_intent"]:
        known = world.need("payment_intent", session["payment_intent"])
        known["amount"] = session["amount_total"]  # a code or an address may have come after a refused card
        return known
    order: Order = world.hidden[session["id"]]
    data = {"metadata": {}, **order.intent_data}
    intent = payment_intents.make(
        world,
        session["amount_total"],
        session["currency"],
        session["customer"],
        session["payment_method_types"],
        **data,
    )
    session["payment_intent"] = intent["id"]
    return intent


def _forget_intent(world: World, session: Obj) -> None:
    """End the intent of a refused card when a code has made the order free since."""
    if session["payment_intent"]:
        payment_intents.cancel_open(world, world.need("payment_intent", session["payment_intent"]), "automatic")
        session["payment_intent"] = None


def _after(world: World, session: Obj, intent: Obj | None, method: Obj | None) -> Outcome:
    if intent is None:
        _complete(world, session, "no_payment_required")
        return Outcome("complete")
    if intent["status"] == "requires_action":
        return Outcome("authenticate")
    if intent["status"] == "requires_payment_method":
        return Outcome("retry", intent["last_payment_error"]["message"])
    if session["mode"] == "subscription" and session["subscription"] is None:
        checkout_subscription.start(world, session, intent, method)
    elif intent["setup_future_usage"] and session["customer"] and method is not None:
        payment_methods.attach(world, method, session["customer"])
    _complete(world, session, "paid" if intent["status"] == "succeeded" else "unpaid")
    return Outcome("complete")


def _complete(world: World, session: Obj, payment_status: str) -> None:
    """Complete the session: `complete` and still `unpaid` is what a delayed payment method looks like.

    https://docs.stripe.com/checkout/fulfillment#delayed-notification
    """
    session |= {"status": "complete", "payment_status": payment_status, "url": None}
    order: Order = world.hidden[session["id"]]
    if order.source is not None:
        discounts.redeemed(world, order.source)
    if order.discount is not None:
        order.discount["customer"] = session["customer"]
    if payment_status != "unpaid":
        _invoice(world, session)
    world.later = [due for due in world.later if due[1:] != ("expire", session["id"])]
    world.emit("checkout.session.completed", session)


def _invoice(world: World, session: Obj) -> None:
    intent = world.find(session["payment_intent"]) if session["payment_intent"] else None
    payment_invoices.make(world, session, intent)


def settled(world: World, intent: Obj) -> None:
    """Tell the session that its delayed payment came through, or did not."""
    for session in world.all("checkout.session"):
        own = session["payment_intent"] == intent["id"] or world.hidden.get(f"{session['id']}/intent") == intent["id"]
        if not own or session["status"] != "complete" or session["payment_status"] != "unpaid":
            continue
        if intent["status"] == "succeeded":
            session["payment_status"] = "paid"
            _invoice(world, session)
            world.emit("checkout.session.async_payment_succeeded", session)
        else:
            world.emit("checkout.session.async_payment_failed", session)
