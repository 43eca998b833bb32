"""Look at the checkout sessions themselves, since now and then Stripe makes no event of a change (F50, money rule 27).

What is stored of them is read a page at a time, so a session that is as we know it costs no converge. One in doubt goes
onto the queue as an event of it would, and from there nothing is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing.domain.events import Origin
from billing.domain.ids import SESSION_ID, PurchaseKey, fits
from billing.domain.look import doubt_of_session, looked_at
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun, begun_anew, stepped
from billing.errors import MalformedEvent, StripeRefused
from billing.ports.store import EventStore, PurchaseStates, Walks
from billing.ports.stripe import ListedObjects, SessionList
from billing.ports.world import Clock, Log, Metrics, Queue

_NAME = "sessions"
BACK = timedelta(days=15)
"""A session ends within a day, and a bank debit typically takes 5 business days
(https://docs.stripe.com/payments/sepa-debit/accept-a-payment): twice that, and a day."""


@dataclass(frozen=True, slots=True)
class LookDeps:
    """What a look needs of the world."""

    listed: SessionList
    walks: Walks
    purchases: PurchaseStates
    events: EventStore
    queue: Queue
    origin: Origin
    clock: Clock
    log: Log
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Looked:
    """What a run came to. `more`: it stopped at its deadline, and the next run goes on from there."""

    read: int
    queued: int
    more: bool


def look_at_sessions(deadline: datetime, correlation_id: str, deps: LookDeps) -> Looked:
    """Look at all sessions of the last 15 days, until the deadline. Of two runs at once, one goes on.

    Raises what the ports raise; what was queued before stays queued, and the place is stored after every page.
    """
    read = queued = 0
    walk: Walk | None = begun(deps.walks.load(_NAME), _NAME, deps.clock.now(), whole=True, back=BACK)
    while walk is not None and walk.until is not None:
        page, walk = _page(walk, deps)
        queued += _queue_doubtful(page, walk.until or deps.clock.now(), correlation_id, deps)
        read += len(page.objects)
        walk = deps.walks.save(stepped(walk, page.last, more=page.more))
        if deps.clock.now() >= deadline:
            break
    deps.metrics.count("ObjectsInDoubt", queued)
    deps.log.info("looked at checkout sessions", count=queued, changed=queued > 0)
    return Looked(read, queued, more=walk is not None and walk.until is not None)


def _page(walk: Walk, deps: LookDeps) -> tuple[ListedObjects, Walk]:
    """A page, and the walk that it is of. A session may be gone: it goes with its test clock."""
    try:
        return deps.listed.page(walk), walk
    except StripeRefused as refused:
        if walk.after is None or refused.stripe_code != "resource_missing":
            raise
        anew = begun_anew(walk)
        return deps.listed.page(anew), anew


def _queue_doubtful(page: ListedObjects, seen_at: datetime, correlation_id: str, deps: LookDeps) -> int:
    """Queue what is in doubt, unless this pass has done so, and the consumer has seen to it."""
    named = {PurchaseKey(name): obj for obj in page.objects if (name := fits(obj.get("id"), SESSION_ID))}
    states = deps.purchases.states(named)
    notices = []
    for key, session in named.items():
        kind = doubt_of_session(session, states.get(key))
        notice = _told(session, kind, seen_at, correlation_id, deps) if kind else None
        if notice is not None:
            notices.append(notice)
    known = deps.events.records({notice.id for notice in notices})
    unknown = [notice for notice in notices if notice.id not in known]
    for notice in unknown:
        deps.queue.send(notice.to_text())
        deps.log.info("object in doubt", event_id=notice.id, event_type=notice.type, customer_id=notice.customer)
    return len(unknown)


def _told(
    session: Mapping[str, Any], kind: str, seen_at: datetime, correlation_id: str, deps: LookDeps
) -> Notice | None:
    now = deps.clock.now()
    try:
        return looked_at(session, kind, seen_at, deps.origin, received_at=now, correlation_id=correlation_id)
    except MalformedEvent as exc:
        deps.log.warning("object unusable", stripe_object=str(session["id"]), reason=exc.reason)
        deps.metrics.count("ObjectsUnusable", reason=exc.reason)
        return None
