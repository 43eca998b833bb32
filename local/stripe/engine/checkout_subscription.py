"""Subscription mode of Checkout: the first payment first, the subscription when it has come through."""

from __future__ import annotations

from local.stripe.engine import payment_intents, payment_methods, subscription_life
from local.stripe.engine.checkout_sessions import Order
from local.stripe.engine.world import Obj, World


def pay(world: World, session: Obj, method: Obj | None) -> Obj | None:
    """Try the first payment; None when nothing is due today (a trial), in which case the subscription is started."""
    order: Order = world.hidden[session["id"]]
    due = first_amount(order)
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


def first_amount(order: Order) -> int:
    """What is due today: everything, or with a trial only the one-time lines."""
    trial = bool(order.subscription_data.keys() & {"trial_end", "trial_period_days"})
    return sum(line["amount_total"] for line in order.lines if not (trial and line["price"]["recurring"]))


def _intent(world: World, session: Obj, due: int) -> Obj:
    known = world.hidden.get(f"{session['id']}/intent")
    if known:
        return world.need("payment_intent", known)
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
        data=order.subscription_data,
    )
    session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
