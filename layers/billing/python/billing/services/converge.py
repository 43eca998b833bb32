"""Converge: make one account match Stripe. Everything that changes an account because of Stripe calls this.

The order of the reads is the guarantee (money rule 2): the account first, Stripe after it, so that what Stripe says is
never older than the account it is applied to; and the commit holds only while nobody else has converged in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.account import Account
from billing.domain.decide import Before, Decision, decide
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import CustomerId, EventId, InvoiceId, OrderId, PurchaseKey, SessionId, UserId, invoice_line_key
from billing.domain.ledger import Cause, Entry
from billing.domain.notice import Notice
from billing.domain.purchase import Purchase
from billing.domain.records import Commit, CommitOutcome, EventRecord, Outcome
from billing.domain.snapshot import Snapshot
from billing.errors import Contention
from billing.ports.store import AccountStore
from billing.ports.stripe import StripeReader, Touched
from billing.ports.world import Clock, Log, Metrics, Randomness

_ATTEMPTS = 10
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0


@dataclass(frozen=True, slots=True)
class ConvergeDeps:
    """What a converge needs of the world."""

    accounts: AccountStore
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


def converge(user: UserId, touched: Touched, notices: Sequence[Notice], actor: str, deps: ConvergeDeps) -> Converged:
    """Make the user's account match Stripe and record the events, in one transaction.

    A conflict with another converge reads Stripe again; a conflict with any other write (a spend) decides again on the
    same snapshot, so a busy spender can't starve this (money rule 3). Raises Contention after bounded attempts, and
    what the ports raise.
    """
    pending = {EventId(notice.id): notice for notice in notices}
    replayed: set[EventId] = set()
    truth: Snapshot | None = None
    seen: tuple[int, tuple[CustomerId, ...]] | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            deps.clock.sleep(deps.random.upto(min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))
        before = deps.accounts.load(
            user, [PurchaseKey(session) for session in touched.sessions], _orders_named(notices)
        )
        position = (before.account.stripe_version, before.account.customers)
        if truth is None or seen != position:
            truth, seen = deps.stripe.snapshot(before.account.customers, touched), position
        before = _with_discovered(before, truth, deps.accounts)
        now = deps.clock.now()
        cause = Cause(actor, tuple((event, objects_of(notice)) for event, notice in pending.items()))
        decision = decide(before, truth, now, deps.policy, cause)
        outcomes = {event: _outcome(notice, decision) for event, notice in pending.items()}
        records = [_record(pending[event], outcome, reason, now) for event, (outcome, reason) in outcomes.items()]
        result = deps.accounts.commit(
            Commit(
                before=before.account,
                after=decision.account,
                changed=decision.changed,
                purchases=decision.purchases,
                entries=decision.entries,
                events=tuple(records),
                moved=decision.moved,
            )
        )
        if result.outcome is CommitOutcome.DONE:
            done = {event: outcome for event, (outcome, _) in outcomes.items()}
            return _report(before, decision, done, frozenset(replayed), pending.values(), attempt, deps)
        for event in result.recorded:
            deps.log.info(
                "skipped replay",
                event_id=event,
                event_type=pending[event].type,
                user_id=user,
                correlation_id=pending[event].correlation_id,
            )
            deps.metrics.count("EventsReplayed")
            del pending[event]
            replayed.add(event)
        if replayed and not pending:
            # whoever recorded them may have died before it told the cache: what is told now must be what stands now
            stands = deps.accounts.load(user, [])
            return Converged(stands.account, stands.purchases, (), {}, frozenset(replayed))
    raise Contention("every attempt to converge met another writer", user_id=user)


def objects_of(notice: Notice) -> frozenset[str]:
    """The Stripe objects that an event concerns."""
    return frozenset((*notice.related.values(), *((notice.object.id,) if notice.object.id else ())))


def _orders_named(notices: Collection[Notice]) -> list[OrderId]:
    return [OrderId(notice.order_id) for notice in notices if notice.order_id]


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
    missing_keys = keys - before.purchases.keys()
    missing_orders = {order for order in orders if order is not None} - before.orders.keys()
    if not missing_keys and not missing_orders:
        return before
    return accounts.extend(before, missing_keys, missing_orders)


def _outcome(notice: Notice, decision: Decision) -> tuple[Outcome, str | None]:
    objects = objects_of(notice)
    for session, why in decision.refused.items():
        if session in objects:
            return Outcome.QUARANTINED, why
    if objects & decision.foreign:
        return Outcome.IGNORED, "foreign payment"
    return (Outcome.APPLIED if decision.changed else Outcome.NOOP), None


def _record(notice: Notice, outcome: Outcome, reason: str | None, now: datetime) -> EventRecord:
    return EventRecord(
        id=EventId(notice.id),
        type=notice.type,
        created=notice.created,
        outcome=outcome,
        reason=reason,
        recorded_at=now,
        customer=CustomerId(notice.customer) if notice.customer else None,
    )


def _report(
    before: Before,
    decision: Decision,
    outcomes: Mapping[EventId, Outcome],
    replayed: frozenset[EventId],
    notices: Collection[Notice],
    retries: int,
    deps: ConvergeDeps,
) -> Converged:
    user = decision.account.user
    by_event = {notice.id: notice.correlation_id for notice in notices}
    orders = [purchase.order for purchase in decision.purchases if purchase.order]
    shared = next(iter([*by_event.values(), *orders]), None)
    joined = {"correlation_id": shared} if shared else {}
    for notice in notices:
        outcome = outcomes[EventId(notice.id)]
        deps.metrics.count("EventsByOutcome", outcome=outcome)
        say = deps.log.warning if outcome is Outcome.QUARANTINED else deps.log.info
        say(
            "event recorded",
            event_id=notice.id,
            event_type=notice.type,
            user_id=user,
            session_id=notice.related.get("checkout.session"),
            correlation_id=notice.correlation_id,
            outcome=outcome,
        )
    for entry in decision.entries:
        deps.log.info(
            "ledger entry written",
            **joined,
            user_id=user,
            event_id=entry.event,
            kind=entry.kind,
            amount=entry.amount,
            balance=entry.balance_after,
            stripe_object=entry.stripe_object,
        )
        if entry.amount:
            deps.metrics.count("CreditsGranted" if entry.amount > 0 else "CreditsReversed", abs(entry.amount))
    deps.metrics.count("ConvergeRetries", retries)
    deps.log.info(
        "converged",
        **joined,
        user_id=user,
        changed=decision.changed,
        version=decision.account.version,
        stripe_version=decision.account.stripe_version,
        balance=decision.account.balance,
        retries=retries,
    )
    purchases = {**before.purchases, **{purchase.key: purchase for purchase in decision.purchases}}
    return Converged(decision.account, purchases, decision.entries, outcomes, replayed)


def touched_session(session: SessionId) -> Touched:
    """The payments to look at when only a session is known."""
    return Touched(sessions=frozenset({session}))
