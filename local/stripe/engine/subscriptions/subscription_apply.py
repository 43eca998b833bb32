"""Apply a change of a subscription, at once or when its invoice has been paid.

https://docs.stripe.com/billing/subscriptions/pending-updates
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.stripe.engine.invoices import debits
from local.stripe.engine.subscriptions import subscription_objects as objects
from local.stripe.engine.subscriptions.proration import Debit
from local.stripe.engine.subscriptions.subscription_change import Change, ItemState
from local.stripe.engine.subscriptions.upkeep import FIRST_PAYMENT, plan_ahead
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

PENDING = "/pending"
"""A change that waits for its payment is kept hidden under the subscription's id with this ending."""


@dataclass
class Waiting:
    """A change that is billed and not applied."""

    change: Change
    invoice: str
    metadata: dict[str, str] | str | None
    debits: dict[str, list[Debit]] = field(default_factory=dict)
    """What had been billed for each item before: it is so again when the change is given up."""


def apply(world: World, subscription: Obj, change: Change, metadata: dict[str, str] | str | None) -> None:
    """Give the subscription its new items, anchor, trial and metadata."""
    subscription["metadata"] = merge_metadata(subscription["metadata"], metadata)
    for gone in change.removed:
        subscription["items"]["data"].remove(gone)
        world.remove(gone)
    for state in change.items:
        _apply_item(world, subscription, state)
    subscription["billing_cycle_anchor"] = change.anchor
    if change.trial is not None:
        begin, end = change.trial
        subscription |= {"status": "trialing", "trial_start": begin, "trial_end": end}
    elif subscription["status"] == "trialing":
        subscription |= {"status": "active", "trial_end": world.now()}
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = max(state.period[1] for state in change.items)
    plan_ahead(world, subscription)


def _apply_item(world: World, subscription: Obj, state: ItemState) -> None:
    if state.known is None:
        made = objects.item(
            world, subscription, state.price, state.quantity, state.period, id=state.id, metadata=state.metadata
        )
        objects.attach(world, subscription, made)
        return
    state.known |= {
        "quantity": state.quantity,
        "metadata": state.metadata,
        "current_period_start": state.period[0],
        "current_period_end": state.period[1],
        "billed_until": state.period[1],
    }
    if state.price["id"] != state.known["price"]["id"]:
        state.known |= {"price": snapshot(state.price), "plan": objects.plan(state.price)}


def wait(world: World, subscription: Obj, waiting: Waiting) -> None:
    """Leave the subscription as it is until the invoice is paid; it goes on as if nobody had asked."""
    end = world.now() + FIRST_PAYMENT
    change = waiting.change
    items = [_as_pending(state) for state in change.items]
    moved = change.anchor != subscription["billing_cycle_anchor"]
    subscription["pending_update"] = {
        "billing_cycle_anchor": change.anchor if moved else None,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": end,
        "metadata": waiting.metadata,
        "subscription_items": items,
        "trial_end": change.trial[1] if change.trial else None,
        "trial_from_plan": None,
    }
    world.hidden[subscription["id"] + PENDING] = waiting
    world.plan(end, "pending_update", subscription["id"])


def _as_pending(state: ItemState) -> Obj:
    known = snapshot(state.known or {})
    known |= {"id": state.id, "quantity": state.quantity, "metadata": state.metadata}
    return known | {"price": snapshot(state.price), "plan": objects.plan(state.price)}


def waits_for(world: World, subscription: Obj, invoice: Obj) -> bool:
    """Whether a change of the subscription waits for this invoice."""
    waiting: Waiting | None = world.hidden.get(subscription["id"] + PENDING)
    return waiting is not None and waiting.invoice == invoice["id"]


@contextmanager
def given_up(world: World, subscription: Obj) -> Iterator[None]:
    """Reckon as if nothing waited: what waits has not been paid, and another change takes its place."""
    waiting: Waiting | None = world.hidden.get(subscription["id"] + PENDING)
    known = waiting.debits if waiting is not None else {}
    billed = {item: debits.of(world, item) for item in known}
    world.hidden |= {item + debits.KEPT: found for item, found in known.items()}
    try:
        yield
    finally:
        world.hidden |= {item + debits.KEPT: found for item, found in billed.items()}


def paid(world: World, subscription: Obj) -> None:
    """Apply the change whose invoice has been paid."""
    before = snapshot(subscription)
    waiting: Waiting = world.hidden.pop(subscription["id"] + PENDING)
    subscription["pending_update"] = None
    apply(world, subscription, waiting.change, waiting.metadata)
    world.emit("customer.subscription.updated", subscription, before)
    world.emit("customer.subscription.pending_update_applied", subscription)


def give_up(world: World, subscription: Obj) -> None:
    """Forget a change whose invoice has been voided: what was billed before counts again."""
    before = snapshot(subscription)
    waiting: Waiting = world.hidden.pop(subscription["id"] + PENDING)
    subscription["pending_update"] = None
    for item, known in waiting.debits.items():
        world.hidden[item + debits.KEPT] = known
    world.emit("customer.subscription.updated", subscription, before)
