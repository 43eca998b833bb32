"""Subscription mode of Checkout: the first payment first, the subscription when it has come through."""

from __future__ import annotations

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.subscriptions import subscription_life
from local.stripe.engine.world import Obj, World


def pay(world: World, session: Obj, method: Obj | None) -> Obj | None:
    """Try the first payment; None when nothing is due today (a trial), in which case the subscription is started."""
    due: int = session["amount_total"]
    if due == 0:
        if method is not None:
            payment_methods.attach(world, method, session["customer"])
        start(world, session, None, method)
        return None
    if method is None:
        raise AssertionError("something is due, so the page collected a payment method")
    intent = _intent(world, session, due)
    payment_intents.confirm(world, intent, method)
    return intent


def _intent(world: World, session: Obj, due: int) -> Obj:
    known = world.hidden.get(f"{session['id']}/intent")
    if known:
        intent = world.need("payment_intent", known)
        intent["amount"] = due  # a code or an address may have come after a refused card
        return intent
    intent = payment_intents.make(
        world,
        due,
        session["currency"],
        session["customer"],
        session["payment_method_types"],
        description="Subscription creation",
        setup_future_usage="off_session",
    )
    # A session in subscription mode does not show its intent: it belongs to the invoice.
    world.hidden[f"{session['id']}/intent"] = intent["id"]
    return intent


def start(world: World, session: Obj, intent: Obj | None, method: Obj | None) -> None:
    """Make the subscription with its first invoice, paid by this intent."""
    order: Order = world.hidden[session["id"]]
    if method is not None:
        payment_methods.attach(world, method, session["customer"])
    subscription = subscription_life.start(
        world,
        customer=session["customer"],
        lines=order.lines,
        method=method,
        intent=intent,
        data={**order.subscription_data, "automatic_tax": order.taxed},
        discount=order.discount,
    )
    session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
