"""Carry out a change of a subscription: bill it, apply it, or let it wait for its payment.

https://docs.stripe.com/billing/subscriptions/change-price and https://docs.stripe.com/billing/subscriptions/pending-updates
"""

from __future__ import annotations

from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.invoices import debits, invoice_items, invoice_life, invoice_objects
from local.stripe.engine.payments import payment_intents
from local.stripe.engine.subscriptions.subscription_apply import Waiting, apply, wait
from local.stripe.engine.subscriptions.subscription_change import Change, ItemState, WantedChange, credits_of, work_out
from local.stripe.engine.world import Obj, World


def entries_of(world: World, subscription: Obj, change: Change) -> list[Obj]:
    """The prorations of a change as invoice items, not kept yet."""
    return [
        invoice_items.draft(
            world,
            subscription,
            each.item,
            world.need("price", each.price),
            each.quantity,
            each.amount,
            each.period,
            each.credited,
        )
        for each in change.prorations
    ]


def lines_of(world: World, subscription: Obj, change: Change, entries: list[Obj]) -> list[Obj]:
    """The lines of the invoice that a change makes: all that is pending, then the new periods."""
    lines = [invoice_items.line_of(world, subscription, each) for each in entries]
    if change.whole_periods:
        lines += [
            invoice_objects.line(world, _as_item(state), subscription, *state.period, free=change.trial is not None)
            for state in change.items
        ]
    return lines


def _as_item(state: ItemState) -> Obj:
    return {"id": state.id, "price": state.price, "quantity": state.quantity}


def change(
    world: World,
    subscription: Obj,
    wanted: WantedChange,
    before: Obj,
    payment_behavior: str = "allow_incomplete",
    metadata: dict[str, str] | str | None = None,
) -> None:
    """Work out a change and do it. It replaces one that still waits for its payment, whose invoice is voided."""
    if subscription["pending_update"] is not None:
        invoice_life.void(world, world.need("invoice", subscription["latest_invoice"]))
    worked_out = work_out(world, subscription, wanted)
    carry_out(world, subscription, worked_out, before, payment_behavior, metadata)
    if wanted.trial_end == "now":
        # It also comes when a trial is ended at once: https://docs.stripe.com/api/events/types
        world.emit("customer.subscription.trial_will_end", subscription)


def carry_out(
    world: World,
    subscription: Obj,
    change: Change,
    before: Obj,
    payment_behavior: str = "allow_incomplete",
    metadata: dict[str, str] | str | None = None,
) -> None:
    """Do what was worked out, and tell what it changed of the subscription as it was `before`."""
    if not change.bill_now:
        _keep(world, entries_of(world, subscription, change), change)
        apply(world, subscription, change, metadata)
        world.emit_updated("customer.subscription.updated", subscription, before)
        return
    entries = [*invoice_items.pending(world, subscription), *entries_of(world, subscription, change)]
    lines = lines_of(world, subscription, change, entries)
    invoice = invoice_objects.draft(world, subscription, lines, "subscription_update")
    due: int = invoice["amount_due"]
    _can_wait(world, subscription, due, payment_behavior)
    refusal = _refusal(world, subscription, due)
    if refusal is not None and payment_behavior == "error_if_incomplete":
        raise refusal
    waiting = refusal is not None and payment_behavior == "pending_if_incomplete"
    known = {state.id: debits.of(world, state.id) for state in change.items}
    _keep(world, [entry for entry in entries if world.find(entry["id"]) is None], change)
    if not waiting:
        apply(world, subscription, change, metadata)
    invoice_objects.keep(world, subscription, invoice)
    subscription["latest_invoice"] = invoice["id"]
    if waiting:
        wait(world, subscription, Waiting(change, invoice["id"], metadata, known))
    elif payment_behavior == "default_incomplete" and due > 0:
        subscription["status"] = "past_due"
    world.emit("invoice.created", invoice)
    world.emit("customer.subscription.updated", subscription, before)
    invoice_life.finalize(world, invoice)
    if payment_behavior != "default_incomplete" or due == 0:
        invoice_life.collect(world, invoice)


def _can_wait(world: World, subscription: Obj, due: int, payment_behavior: str) -> None:
    """Refuse to let an update wait for a debit that tells days later whether it is paid.

    https://docs.stripe.com/billing/subscriptions/pending-updates#before-you-begin
    """
    method = invoice_life.method_of(world, subscription)
    if payment_behavior == "pending_if_incomplete" and due and method is not None and method["type"] != "card":
        raise invalid_request(
            f"`payment_behavior=pending_if_incomplete` does not support the payment method type `{method['type']}`.",
            param="payment_behavior",
        )


def _refusal(world: World, subscription: Obj, due: int) -> ApiError | None:
    """Why the payment would not come through, if anything is due; nothing to pay with is an error in any case."""
    if due == 0:
        return None
    method = invoice_life.method_of(world, subscription)
    if method is None:
        raise no_payment_method()
    failure = payment_intents.foresee(world, method)
    if failure is None:
        return None
    code, decline_code, message = failure
    extra = {"decline_code": decline_code} if decline_code and code == "card_declined" else {}
    return ApiError(message, status=402, type="card_error", code=code, extra=extra)


def no_payment_method() -> ApiError:
    """Nothing to pay with: neither the subscription nor its customer has a payment method."""
    return invalid_request(
        "This customer has no attached payment source or default payment method. Please consider adding a default "
        "payment method. For more information, visit "
        "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
        code="resource_missing",
    )


def _keep(world: World, entries: list[Obj], change: Change) -> None:
    for item in sorted({each.item for each in change.prorations if each.credited is not None}):
        debits.take_back(world, item, change.moment)
    for entry in entries:
        invoice_items.keep(world, entry)


def credit_unused(world: World, subscription: Obj) -> None:
    """Credit what has been billed for the time from now on, as a pending invoice item."""
    now = world.now()
    change = Change(now, [], [], subscription["billing_cycle_anchor"], None)
    change.prorations = [
        credit for item in subscription["items"]["data"] for credit in credits_of(world, item["id"], now)
    ]
    _keep(world, entries_of(world, subscription, change), change)


def invoice_pending(world: World, subscription: Obj) -> None:
    """Bill whatever is pending now; nothing pending, no invoice."""
    entries = invoice_items.pending(world, subscription)
    if entries:
        lines = [invoice_items.line_of(world, subscription, each) for each in entries]
        invoice = invoice_objects.make(world, subscription, lines, "subscription_update")
        subscription["latest_invoice"] = invoice["id"]
        world.emit("invoice.created", invoice)
        invoice_life.finalize(world, invoice)
        invoice_life.collect(world, invoice)
