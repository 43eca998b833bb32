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


@dataclass(frozen=True, slots=True)
class _View:
    """What Stripe said, and the account's counter and customers when it was asked."""

    snapshot: Snapshot
    position: tuple[int, tuple[CustomerId, ...]]


def converge(
    user: UserId,
    touched: Touched,
    notices: Sequence[Notice],
    actor: str,
    deps: ConvergeDeps,
    unparked: tuple[Unparked, ...] = (),
    *,
    begun: bool = False,
) -> Converged:
    """Make the user's account match Stripe and record the events, in one transaction.

    A conflict with another converge reads Stripe again; a conflict with any other write (a spend) decides again on the
    same snapshot, so a busy spender can't starve this (money rule 3). `unparked` are taken off their customers' lists
    of parked events with the same commit. When more is granted than one transaction holds it takes several, and the
    last one has the events: it is `begun` then, and brought to an end also where they were recorded before. Raises
    Contention after bounded attempts, and what the ports raise.
    """
    began = deps.clock.now()
    pending = {notice.id: notice for notice in notices}
    replayed: set[EventId] = set()
    view: _View | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            _BACKOFF.wait(attempt, deps.clock, deps.random)
        before = _read_account(user, touched, notices, deps)
        view = _read_stripe(before, touched, view, deps)
        before = _with_discovered(before, view.snapshot, deps.accounts)
        now = deps.clock.now()
        decision, view = _decide_with_payments(before, view, touched, now, _cause(actor, pending), deps)
        records = _records(pending, decision, now)
        result = deps.accounts.commit(_transaction(before, decision, records, unparked))
        course = Course(began, now, attempt)
        if result.outcome is CommitOutcome.DONE and decision.more:
            report(before, decision, {}, (), course, deps)
            rest = converge(user, touched, [*pending.values()], actor, deps, unparked, begun=True)
            return replace(rest, entries=(*decision.entries, *rest.entries), replayed=rest.replayed | replayed)
        if result.outcome is CommitOutcome.DONE:
            outcomes = {record.id: record.outcome for record in records}
            report(before, decision, outcomes, pending.values(), course, deps)
            return _committed(before, decision, outcomes, replayed)
        for event in result.recorded:
            report_replay(pending.pop(event), user, deps)
            replayed.add(event)
        if replayed and not pending and not unparked and not begun:
            return _already_recorded(user, replayed, deps)
    raise Contention("every attempt to converge met another writer", user_id=user)


def _read_account(user: UserId, touched: Touched, notices: Sequence[Notice], deps: ConvergeDeps) -> Before:
    """The account and what the request names of it, read before Stripe (money rule 2)."""
    return deps.accounts.load(user, [PurchaseKey(session) for session in touched.sessions], _orders_named(notices))


def _read_stripe(before: Before, touched: Touched, view: _View | None, deps: ConvergeDeps) -> _View:
    """What Stripe says; what an earlier attempt has seen, unless another converge came between (money rule 3)."""
    position = (before.account.stripe_version, before.account.customers)
    if view is not None and view.position == position:
        return view
    return _View(deps.stripe.snapshot(before.account.customers, _doubted(touched, before)), position)


def _decide_with_payments(
    before: Before, view: _View, touched: Touched, now: datetime, cause: Cause, deps: ConvergeDeps
) -> tuple[Decision, _View]:
    """The decision that stands once each payment that it rests on is read, and all that was seen of Stripe by then."""
    truth = view.snapshot
    decision = decide(before, truth, now, deps.policy, cause)
    asked: frozenset[PaymentIntentId] = frozenset()  # what was refunded takes room, which another invoice may get
    while unread := _unread(truth, before, decision, touched) - asked:
        truth, asked = truth.with_payments(deps.stripe.payments(unread)), asked | unread
        decision = decide(before, truth, now, deps.policy, cause)
    return decision, _View(truth, view.position)


def _cause(actor: str, pending: Mapping[EventId, Notice]) -> Cause:
    """What the ledger will name as the reason of its entries."""
    return Cause(actor, tuple((event, objects_of(notice)) for event, notice in pending.items()))


def _records(pending: Mapping[EventId, Notice], decision: Decision, now: datetime) -> tuple[EventRecord, ...]:
    """What becomes of each event if the decision is committed."""
    return tuple(recorded(notice, *_outcome(notice, decision), now) for notice in pending.values())


def _transaction(
    before: Before, decision: Decision, records: tuple[EventRecord, ...], unparked: tuple[Unparked, ...]
) -> Commit:
    """All that is written at once; where more is granted than one transaction holds, the last one has the events."""
    return Commit(
        before=before.account,
        after=decision.account,
        changed=decision.changed,
        purchases=decision.purchases,
        entries=decision.entries,
        events=() if decision.more else records,
        moved=decision.moved,
        unparked=() if decision.more else unparked,
    )


def _committed(
    before: Before, decision: Decision, outcomes: Mapping[EventId, Outcome], replayed: Collection[EventId]
) -> Converged:
    """The answer once the commit is done."""
    purchases = {**before.purchases, **{purchase.key: purchase for purchase in decision.purchases}}
    return Converged(decision.account, purchases, decision.entries, outcomes, frozenset(replayed))


def _already_recorded(user: UserId, replayed: Collection[EventId], deps: ConvergeDeps) -> Converged:
    """The answer when earlier commits have recorded every event.

    Whoever recorded them may have died before it told the cache: what is told now must be what stands now.
    """
    stands = deps.accounts.load(user, [])
    return Converged(stands.account, stands.purchases, (), {}, frozenset(replayed))


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
