"""What Stripe does by itself when its time has come: one table of deeds, played in order of time."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from local.stripe.engine.checkout import checkout_sessions, hosted_checkout
from local.stripe.engine.invoices import invoice_life, invoice_preview
from local.stripe.engine.payments import disputes, payment_intents
from local.stripe.engine.subscriptions import subscription_end, subscription_life, upkeep
from local.stripe.engine.world import NOBODY, Obj, World, snapshot


def run_due(world: World) -> None:
    """Play everything due, oldest first, each at its own moment; then let advancing test clocks be ready."""
    cause, world.cause = world.cause, NOBODY
    try:
        while (due := _next_due(world)) is not None:
            world.later.remove(due)
            when, what, object_id = due
            obj = world.find(object_id)
            if obj is not None and not obj.get("deleted"):
                with world.at(when):
                    DEEDS[what](world, obj)
        _ready_clocks(world)
    finally:
        world.cause = cause


def _next_due(world: World) -> tuple[int, str, str] | None:
    """The first that is due. No test clock is ahead of the account, so most requests look at one entry only."""
    now = world.account_now()
    if not world.later or world.later[0][0] > now:
        return None
    coming = itertools.takewhile(lambda planned: planned[0] <= now, world.later)
    return next((planned for planned in coming if planned[0] <= _now_of(world, planned[2], now)), None)


def _now_of(world: World, object_id: str, now: int) -> int:
    """The time an object lives in: its customer's test clock, else the account's."""
    obj = world.find(object_id)
    frozen = world.time_of(obj.get("customer")) if obj is not None else None
    return now if frozen is None else frozen


def _ready_clocks(world: World) -> None:
    for clock in world.all("test_helpers.test_clock"):
        if clock["status"] == "advancing":
            clock |= {"status": "ready", "status_details": {}}
            with world.at(clock["frozen_time"]):
                world.emit("test_helpers.test_clock.ready", clock)


def _expire_session(world: World, session: Obj) -> None:
    if session["status"] == "open":
        checkout_sessions.end_unpaid(world, session)


def _settle_charge(world: World, charge: Obj) -> None:
    if charge["status"] == "pending":
        instrument = world.hidden[charge["payment_method"]]
        settle(world, charge, succeed=instrument.failure is None)


def settle(world: World, charge: Obj, succeed: bool) -> None:
    """End a pending debit and tell everything that waits for it."""
    intent = payment_intents.settle(world, charge, succeed)
    payment = invoice_life.payment_of(world, intent)
    if payment is not None:
        invoice_life.follow(world, world.need("invoice", payment["invoice"]), intent)
    hosted_checkout.settled(world, intent)


def _period(world: World, subscription: Obj) -> None:
    ends = {item["current_period_end"] for item in subscription["items"]["data"]}
    live = subscription["ended_at"] is None and subscription["status"] not in ("incomplete", "paused")
    if live and world.now() in ends:
        subscription_life.renew(world, subscription)


def _upcoming(world: World, subscription: Obj) -> None:
    """Announce a renewal that will be collected; none is sent for one that ends, or is not collected now."""
    renews = subscription["status"] in ("active", "past_due", "trialing") and subscription["cancel_at"] is None
    ends = {item["current_period_end"] for item in subscription["items"]["data"]}
    if renews and subscription["pause_collection"] is None and world.now() + upkeep.UPCOMING_NOTICE in ends:
        world.emit("invoice.upcoming", invoice_preview.announced(world, subscription))


def _incomplete(world: World, subscription: Obj) -> None:
    if subscription["status"] == "incomplete":
        subscription_end.expire(world, subscription)
        invoice = world.need("invoice", subscription["latest_invoice"])
        if invoice["status"] == "open":
            invoice_life.void(world, invoice)


def _pending_update(world: World, subscription: Obj) -> None:
    """Discard a change, or a resumption, that nobody has paid for in time."""
    pending = subscription["pending_update"]
    if pending is not None and pending["expires_at"] == world.now():
        invoice_life.void(world, world.need("invoice", subscription["latest_invoice"]))
        world.emit("customer.subscription.pending_update_expired", subscription)


def _collect_again(world: World, subscription: Obj) -> None:
    paused = subscription["pause_collection"]
    if subscription["ended_at"] is None and paused and paused["resumes_at"] == world.now():
        before = snapshot(subscription)
        subscription["pause_collection"] = None
        world.emit("customer.subscription.updated", subscription, before)


def _trial_will_end(world: World, subscription: Obj) -> None:
    if subscription["status"] == "trialing":
        world.emit("customer.subscription.trial_will_end", subscription)


def _cancel(world: World, subscription: Obj) -> None:
    if subscription["ended_at"] is None and subscription["cancel_at"] == world.now():
        subscription_end.end(world, subscription, "cancellation_requested")


def _finalize(world: World, invoice: Obj) -> None:
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        invoice_life.finalize(world, invoice)
        invoice_life.collect(world, invoice)


def _collect(world: World, invoice: Obj) -> None:
    if invoice["status"] == "open" and invoice["next_payment_attempt"] == world.now():
        invoice_life.collect(world, invoice)


def _dispute(world: World, charge: Obj) -> None:
    """The complaint that a test card brings by itself, unless somebody has opened one of that charge before."""
    if not disputes.disputed(world, charge):
        disputes.open_dispute(world, charge, inquiry=False)


def _inquiry(world: World, charge: Obj) -> None:
    if not disputes.disputed(world, charge):
        disputes.open_dispute(world, charge, inquiry=True)


def _coupon_ends(world: World, coupon: Obj) -> None:
    coupon["valid"] = False
    for code in world.all("promotion_code"):
        if code["promotion"]["coupon"] == coupon["id"]:
            code["active"] = False


def _code_ends(_: World, code: Obj) -> None:
    code["active"] = False


DEEDS: dict[str, Callable[[World, Obj], None]] = {
    "expire": _expire_session,
    "settle": _settle_charge,
    "period": _period,
    "trial_will_end": _trial_will_end,
    "cancel": _cancel,
    "collect_again": _collect_again,
    "finalize": _finalize,
    "incomplete": _incomplete,
    "pending_update": _pending_update,
    "upcoming": _upcoming,
    "collect": _collect,
    "dispute": _dispute,
    "inquiry": _inquiry,
    "coupon_ends": _coupon_ends,
    "code_ends": _code_ends,
}
