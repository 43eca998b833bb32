"""A paused subscription that is to go on, once its resumption invoice is paid or at least tried.

https://docs.stripe.com/billing/subscriptions/pause#resume-subscriptions
"""

from __future__ import annotations

from dataclasses import dataclass

from local.stripe.engine.subscriptions.upkeep import plan_ahead
from local.stripe.engine.world import Obj, World, snapshot

PENDING = "/resumption"
"""Kept hidden under the subscription's id with this ending."""


@dataclass
class Resumption:
    """What a subscription becomes when it resumes."""

    anchor: int
    periods: dict[str, tuple[int, int]]
    """By item."""
    invoice: str | None = None
    on_success: bool = False
    """Only a payment resumes, and Stripe goes on trying; otherwise a refused try resumes as well, into past_due."""


def begin(world: World, subscription: Obj, resumption: Resumption) -> None:
    """Remember a resumption until its invoice decides."""
    world.hidden[subscription["id"] + PENDING] = resumption


def of(world: World, subscription: Obj) -> Resumption | None:
    """The resumption under way, if any."""
    found: Resumption | None = world.hidden.get(subscription["id"] + PENDING)
    return found


def waits_for(world: World, subscription: Obj, invoice: Obj) -> bool:
    """Whether the subscription resumes with this invoice."""
    resumption = of(world, subscription)
    return resumption is not None and resumption.invoice == invoice["id"]


def complete(world: World, subscription: Obj, status: str = "active") -> None:
    """Go on: the periods begin, and both `resumed` and `updated` are sent."""
    before = snapshot(subscription)
    resumption: Resumption = world.hidden.pop(subscription["id"] + PENDING)
    for item in subscription["items"]["data"]:
        start, end = resumption.periods[item["id"]]
        item |= {"current_period_start": start, "current_period_end": end, "billed_until": end}
    subscription |= {"status": status, "billing_cycle_anchor": resumption.anchor, "pending_update": None}
    subscription.pop("status_details", None)
    plan_ahead(world, subscription)
    world.emit("customer.subscription.updated", subscription, before)
    world.emit("customer.subscription.resumed", subscription)


def refused(world: World, subscription: Obj) -> None:
    """A refused try resumes into past_due, unless only a payment may resume."""
    resumption = of(world, subscription)
    if resumption is not None and not resumption.on_success:
        complete(world, subscription, "past_due")


def retried(world: World, subscription: Obj, invoice: Obj) -> bool:
    """Whether Stripe tries this invoice again; a resumption invoice only where a payment alone resumes."""
    resumption = of(world, subscription)
    return resumption is None or resumption.invoice != invoice["id"] or resumption.on_success


def give_up(world: World, subscription: Obj) -> None:
    """The resumption invoice is void: the subscription stays paused."""
    before = snapshot(subscription)
    world.hidden.pop(subscription["id"] + PENDING)
    subscription["pending_update"] = None
    world.emit_updated("customer.subscription.updated", subscription, before)
