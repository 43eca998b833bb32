"""The life of an invoice: finalized, tried, paid or refused, tried again, given up.

https://docs.stripe.com/billing/invoices/subscription and https://docs.stripe.com/billing/revenue-recovery/smart-retries
"""

from __future__ import annotations

from local.stripe.engine.errors import ApiError
from local.stripe.engine.invoices import debits, invoice_effects, invoice_objects
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.world import Obj, World, snapshot

RETRY_AFTER_DAYS = (3, 5, 7)
"""Days after each refusal until the next try, Stripe's non-smart default; after the last one the subscription ends."""


def finalize(world: World, invoice: Obj, *, balance: bool = True) -> None:
    """Make a draft binding; without `balance`, whoever pays has agreed to the whole total already."""
    customer = world.need("customer", invoice["customer"])
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    now = world.now()
    invoice |= {
        "status": "open",
        "number": number,
        "effective_at": now,
        "automatically_finalizes_at": None,
        "hosted_invoice_url": f"{world.public_url}/i/{invoice['id']}",
        "invoice_pdf": f"{world.public_url}/i/{invoice['id']}/pdf",
    }
    invoice["status_transitions"]["finalized_at"] = now
    if balance:
        _apply_balance(world, invoice)
    else:
        due = invoice["total"]
        invoice |= {"amount_due": due, "amount_remaining": due, "ending_balance": invoice["starting_balance"]}
    world.emit("invoice.finalized", invoice)


def can_be_tried(world: World, invoice: Obj) -> bool:
    """Whether there is a saved payment method to try."""
    return _method(world, invoice) is not None


def collect(world: World, invoice: Obj, method: Obj | None = None) -> None:
    """Try to pay an open invoice, with the saved payment method unless one is given; nothing due is paid at once."""
    if invoice["amount_due"] == 0:
        mark_paid(world, invoice, None)
        return
    intent = _intent_of(world, invoice) or _new_intent(world, invoice)
    method = method or _method(world, invoice)
    if method is None:
        refused(world, invoice)
        return
    payment_intents.confirm(world, intent, method, off_session=True)
    follow(world, invoice, intent)


def follow(world: World, invoice: Obj, intent: Obj) -> None:
    """Bring an invoice after its intent."""
    if intent["status"] == "succeeded":
        mark_paid(world, invoice, intent)
    elif intent["status"] in ("requires_payment_method", "requires_action"):
        refused(world, invoice)
    elif not invoice["attempted"]:
        before = snapshot(invoice)
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        world.emit_updated("invoice.updated", invoice, before)


def _method(world: World, invoice: Obj) -> Obj | None:
    subscription = invoice_effects.subscription_of(world, invoice)
    return method_of(world, subscription or {"default_payment_method": None, "customer": invoice["customer"]})


def method_of(world: World, subscription: Obj) -> Obj | None:
    """What pays a subscription's invoices: its own payment method, else its customer's.

    https://docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority
    """
    customer = world.need("customer", subscription["customer"])
    if customer.get("deleted"):
        return None
    wanted = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return world.find(wanted) if wanted else None


def payment_of(world: World, intent: Obj) -> Obj | None:
    """The invoice payment of an intent: the one way from a payment to its invoice."""
    found = (each for each in world.all("invoice_payment") if each["payment"]["payment_intent"] == intent["id"])
    return next(found, None)


def _intent_of(world: World, invoice: Obj) -> Obj | None:
    for each in world.all("invoice_payment"):
        if each["invoice"] == invoice["id"] and each["status"] == "open":
            return world.need("payment_intent", each["payment"]["payment_intent"])
    return None


def _new_intent(world: World, invoice: Obj) -> Obj:
    description = (
        "Subscription creation" if invoice["billing_reason"] == "subscription_create" else "Subscription update"
    )
    intent = payment_intents.make(
        world,
        invoice["amount_due"],
        invoice["currency"],
        invoice["customer"],
        ["card"],
        description=description,
    )
    link(world, invoice, intent)
    return intent


def link(world: World, invoice: Obj, intent: Obj) -> Obj:
    """Make the invoice payment that joins an invoice and an intent. https://docs.stripe.com/api/invoice-payment"""
    return world.add(
        {
            "id": world.id("inpay_1"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": world.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def mark_paid(world: World, invoice: Obj, intent: Obj | None, *, elsewhere: bool = False) -> None:
    """Record the payment; both `invoice.paid` and `invoice.payment_succeeded` fire. `elsewhere`: not through Stripe."""
    before, now = snapshot(invoice), world.now()
    tried = invoice["attempt_count"] + (1 if intent else 0)
    invoice |= {
        "status": "paid",
        "attempted": True,
        "attempt_count": tried,
        "auto_advance": False,
        "amount_paid": invoice["amount_due"],
        "amount_paid_off_stripe": invoice["amount_due"] if elsewhere else 0,
        "amount_remaining": 0,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = now
    if intent is not None:
        payment = payment_of(world, intent) or link(world, invoice, intent)
        payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        payment["status_transitions"]["paid_at"] = now
        world.emit("invoice_payment.paid", payment)
    world.emit_updated("invoice.updated", invoice, before)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    invoice_effects.paid(world, invoice)


def refused(world: World, invoice: Obj) -> None:
    """Record a failed try, and set the next one, up to the last."""
    before = snapshot(invoice)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1, "next_payment_attempt": None}
    tries_left = RETRY_AFTER_DAYS[invoice["attempt_count"] - 1 :]
    if tries_left and invoice_effects.retried(world, invoice):
        again = world.now() + tries_left[0] * 86_400
        invoice["next_payment_attempt"] = again
        world.plan(again, "collect", invoice["id"])
    world.emit_updated("invoice.updated", invoice, before)
    intent = _intent_of(world, invoice)
    if intent is not None and intent["status"] == "requires_action":
        world.emit("invoice.payment_action_required", invoice)
    world.emit("invoice.payment_failed", invoice)
    invoice_effects.refused(world, invoice, last=not tries_left)


def void(world: World, invoice: Obj) -> None:
    """Void an invoice with whatever was to pay it."""
    intent = _intent_of(world, invoice)
    if intent is not None:
        payment_intents.cancel_open(world, intent, "void_invoice")
    invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = world.now()
    _return_balance(world, invoice)
    debits.forget(world, invoice)
    world.emit("invoice.voided", invoice)
    invoice_effects.voided(world, invoice)


def write_off(world: World, invoice: Obj) -> None:
    """Mark an invoice uncollectible: no more tries, though it can still be paid or voided.

    https://docs.stripe.com/invoicing/overview#uncollectible
    """
    invoice |= {"status": "uncollectible", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["marked_uncollectible_at"] = world.now()
    world.emit("invoice.marked_uncollectible", invoice)
    invoice_effects.written_off(world, invoice)


def _apply_balance(world: World, invoice: Obj) -> None:
    """Let the customer's balance pay first, or take what is left over.

    https://docs.stripe.com/billing/customer/balance
    """
    customer = world.need("customer", invoice["customer"])
    before = snapshot(customer)
    due, ending = invoice_objects.amount_due(invoice["total"], customer["balance"])
    invoice |= {"starting_balance": customer["balance"], "ending_balance": ending}
    invoice |= {"amount_due": due, "amount_remaining": due}
    customer["balance"] = ending
    world.emit_updated("customer.updated", customer, before)


def _return_balance(world: World, invoice: Obj) -> None:
    if invoice["ending_balance"] is None:
        return
    customer = world.need("customer", invoice["customer"])
    if customer.get("deleted"):
        return
    before = snapshot(customer)
    customer["balance"] += invoice["starting_balance"] - invoice["ending_balance"]
    world.emit_updated("customer.updated", customer, before)


def raise_if_refused(world: World, invoice: Obj) -> None:
    """Answer 402 for an explicit try that was refused. https://docs.stripe.com/api/errors"""
    intent = _intent_of(world, invoice)
    error = intent["last_payment_error"] if intent else None
    if error is not None and invoice["status"] == "open":
        extra = {key: error[key] for key in ("decline_code", "charge") if key in error}
        raise ApiError(error["message"], status=402, type="card_error", code=error["code"], extra=extra)
