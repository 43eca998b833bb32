"""Converge: make one account match Stripe. Everything that changes an account because of Stripe calls this.

The order of the reads is the guarantee (money rule 2): the account first, Stripe after it, so that what Stripe says is
never older than the account it is applied to; and the commit holds only while nobody else has converged in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.account import Account
from billing.domain.decide import Before, Decision, decide
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import (
    CustomerId,
    EventId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PurchaseKey,
    SessionId,
    UserId,
    invoice_line_key,
)
from billing.domain.ledger import Cause, Entry
from billing.domain.notice import Notice
from billing.domain.purchase import Purchase
from billing.domain.records import Commit, CommitOutcome, EventRecord, Outcome, Unparked
from billing.domain.snapshot import Snapshot
from billing.errors import Contention
from billing.ports.store import AccountStore, EventStore
from billing.ports.stripe import StripeReader, Touched
from billing.ports.world import Clock, Log, Metrics, Randomness
from billing.services.backoff import Backoff
from billing.services.report_converge import Course, report, report_replay

_ATTEMPTS = 10
_BACKOFF = Backoff(first_seconds=0.05, longest_seconds=1.0)

EVENTS_AT_ONCE = 40
"""Of one transaction; DynamoDB takes 100 items, and the account, its purchases and entries need room too."""


@dataclass(frozen=True, slots=True)
class ConvergeDeps:
    """What a converge needs of the world."""

    accounts: AccountStore
    events: EventStore
    stripe: StripeReader
    clock: Clock
    random: Randomness
    log: Log
    metrics: Metrics
    policy: AccessPolicy


@dataclass(frozen=True, slots=True)
class Converged:
    """The account as it stands, what this call changed, and what became of each event that it was handed."""

    account: Account
    purchases: Mapping[PurchaseKey, Purchase]
    entries: tuple[Entry, ...]
    outcomes: Mapping[EventId, Outcome]
    replayed: frozenset[EventId]
    """Events that an earlier commit had recorded."""


def converge(
    user: UserId,
    touched: Touched,
    notices: Sequence[Notice],
    actor: str,
    deps: ConvergeDeps,
    unparked: tuple[Unparked, ...] = (),
) -> Converged:
    """Make the user's account match Stripe and record the events, in one transaction.

    A conflict with another converge reads Stripe again; a conflict with any other write (a spend) decides again on the
    same snapshot, so a busy spender can't starve this (money rule 3). `unparked` are taken off their customers' lists
    of parked events with the same commit. When more is granted than one transaction holds it takes several, and the
    last one has the events. Raises Contention after bounded attempts, and what the ports raise.
    """
    began = deps.clock.now()
    pending = {notice.id: notice for notice in notices}
    replayed: set[EventId] = set()
    truth: Snapshot | None = None
    seen: tuple[int, tuple[CustomerId, ...]] | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            _BACKOFF.wait(attempt, deps.clock, deps.random)
        before = deps.accounts.load(
            user, [PurchaseKey(session) for session in touched.sessions], _orders_named(notices)
        )
        position = (before.account.stripe_version, before.account.customers)
        if truth is None or seen != position:
            truth, seen = deps.stripe.snapshot(before.account.customers, _doubted(touched, before)), position
        before = _with_discovered(before, truth, deps.accounts)
        now = deps.clock.now()
        cause = Cause(actor, tuple((event, objects_of(notice)) for event, notice in pending.items()))
        decision = decide(before, truth, now, deps.policy, cause)
        asked: frozenset[PaymentIntentId] = frozenset()  # what was refunded takes room, which another invoice may get
        while unread := _unread(truth, before, decision, touched) - asked:
            truth, asked = truth.with_payments(deps.stripe.payments(unread)), asked | unread
            decision = decide(before, truth, now, deps.policy, cause)
        outcomes = {event: _outcome(notice, decision) for event, notice in pending.items()}
        records = [recorded(pending[event], outcome, reason, now) for event, (outcome, reason) in outcomes.items()]
        result = deps.accounts.commit(
            Commit(
                before=before.account,
                after=decision.account,
                changed=decision.changed,
                purchases=decision.purchases,
                entries=decision.entries,
                events=() if decision.more else tuple(records),
                moved=decision.moved,
                unparked=() if decision.more else unparked,
            )
        )
        if result.outcome is CommitOutcome.DONE and decision.more:
            report(before, decision, {}, (), Course(began, now, attempt), deps)
            rest = converge(user, touched, [*pending.values()], actor, deps, unparked)
            return replace(
                rest, entries=(*decision.entries, *rest.entries), replayed=rest.replayed | frozenset(replayed)
            )
        if result.outcome is CommitOutcome.DONE:
            done = {event: outcome for event, (outcome, _) in outcomes.items()}
            report(before, decision, done, pending.values(), Course(began, now, attempt), deps)
            purchases = {**before.purchases, **{purchase.key: purchase for purchase in decision.purchases}}
            return Converged(decision.account, purchases, decision.entries, done, frozenset(replayed))
        for event in result.recorded:
            report_replay(pending.pop(event), user, deps)
            replayed.add(event)
        if replayed and not pending and not unparked:
            # whoever recorded them may have died before it told the cache: what is told now must be what stands now
            stands = deps.accounts.load(user, [])
            return Converged(stands.account, stands.purchases, (), {}, frozenset(replayed))
    raise Contention("every attempt to converge met another writer", user_id=user)


def objects_of(notice: Notice) -> frozenset[str]:
    """The Stripe objects that an event concerns."""
    return frozenset((*notice.related.values(), *((notice.object.id,) if notice.object.id else ())))


def _doubted(touched: Touched, before: Before) -> Touched:
    """Where one customer may be gone, the others may be, too: test data is deleted as a whole. One that is gone and was
    not asked for would be a question that Stripe refuses.
    """
    return replace(touched, customers=frozenset(before.account.customers)) if touched.customers else touched


def _orders_named(notices: Collection[Notice]) -> list[OrderId]:
    return [notice.order_id for notice in notices if notice.order_id]


def _with_discovered(before: Before, truth: Snapshot, accounts: AccountStore) -> Before:
    """Add the purchases and orders that only the snapshot named.

    They are read after Stripe, and yet safe: an order never changes, and a purchase of an invoice line is written by a
    converge only, which bumps the account's `stripe_version`, on which the commit is conditioned.
    """
    keys = {
        invoice_line_key(InvoiceId(invoice.id), line.id)
        for invoice in truth.invoices
        if invoice.status == "paid"
        for line in invoice.lines
        if line.of_subscription and not line.proration
    }
    orders = {session.order for session in truth.sessions if PurchaseKey(session.id) not in before.purchases}
    orders |= {subscription.order for subscription in truth.subscriptions}
    orders |= {invoice.order for invoice in truth.invoices}
    missing_keys = keys - before.purchases.keys()
    missing_orders = {order for order in orders if order is not None} - before.orders.keys()
    if not missing_keys and not missing_orders:
        return before
    return accounts.extend(before, missing_keys, missing_orders)


def _unread(truth: Snapshot, before: Before, decision: Decision, touched: Touched) -> frozenset[PaymentIntentId]:
    """The payments of invoices that must be read before this decision may stand.

    Those of an invoice of which a line is about to grant for the first time, since its refund may have been seen before
    it and have found nothing to take back; and those that an event may tell of. Else a converge costs no such read.
    """
    granted = {purchase.source for purchase in before.purchases.values() if purchase.mode == "invoice"}
    fresh = [purchase for purchase in decision.purchases if purchase.key not in before.purchases]
    first = {purchase.source for purchase in fresh if purchase.mode == "invoice"}
    return frozenset(
        intent
        for invoice in truth.invoices
        if invoice.payment is None
        and (
            invoice.id in first
            or (
                invoice.id in granted
                and (invoice.id in touched.registers or not touched.payments.isdisjoint(invoice.intents))
            )
        )
        for intent in invoice.intents
    )


def _outcome(notice: Notice, decision: Decision) -> tuple[Outcome, str | None]:
    objects = objects_of(notice)
    for refused, why in decision.refused.items():
        if refused in objects:
            return Outcome.QUARANTINED, why
    if objects & decision.foreign:
        return Outcome.IGNORED, "foreign payment"
    return (Outcome.APPLIED if decision.changed else Outcome.NOOP), None


def recorded(notice: Notice, outcome: Outcome, reason: str | None, now: datetime) -> EventRecord:
    """The record of an event; one that can be tried again keeps its message."""
    return EventRecord(
        id=notice.id,
        type=notice.type,
        created=notice.created,
        outcome=outcome,
        reason=reason,
        recorded_at=now,
        customer=notice.customer,
        message=None if outcome.terminal else notice.to_text(),
    )


def touched_session(session: SessionId) -> Touched:
    """The payments to look at when only a session is known."""
    return Touched(sessions=frozenset({session}))
