"""Look at the checkout sessions themselves, since now and then Stripe makes no event of a change (F50, money rule 27).

What is stored of them is read a page at a time, so a session that is as we know it costs no converge. One in doubt goes
onto the queue as an event of it would, and from there nothing is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing.domain.ids import SESSION_ID, PurchaseKey, fits
from billing.domain.look import doubt_of_session, looked_at
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun
from billing.errors import MalformedEvent
from billing.ports.store import PurchaseStates
from billing.ports.stripe import Listed, SessionList
from billing.services.walk_on import WalkDeps, Walked, walk_on

_NAME = "sessions"
BACK = timedelta(days=15)
"""A session ends within a day, and a bank debit typically takes 5 business days
(https://docs.stripe.com/payments/sepa-debit/accept-a-payment): twice that, and a day."""


@dataclass(frozen=True, slots=True)
class LookDeps:
    """What a look needs of the world."""

    listed: SessionList
    purchases: PurchaseStates
    walking: WalkDeps


def look_at_sessions(deadline: datetime, correlation_id: str, deps: LookDeps) -> Walked:
    """Look at all sessions of the last 15 days, until the deadline."""
    walking = deps.walking
    done = walk_on(
        begun(walking.walks.load(_NAME), _NAME, walking.clock.now(), whole=True, back=BACK),
        deps.listed.page,
        lambda page, at: _doubtful(page, at, correlation_id, deps),
        "object in doubt",
        deadline,
        walking,
    )
    walking.metrics.count("ObjectsInDoubt", done.queued)
    walking.log.info("looked at checkout sessions", count=done.queued, changed=done.queued > 0)
    return done


def _doubtful(page: Listed, walk: Walk, correlation_id: str, deps: LookDeps) -> list[Notice]:
    """What is told of the sessions that are in doubt; under one id in all of a pass, whose end is known."""
    named = {PurchaseKey(name): obj for obj in page.objects if (name := fits(obj.get("id"), SESSION_ID))}
    states = deps.purchases.states(named)
    doubts = [(session, kind) for key, session in named.items() if (kind := doubt_of_session(session, states.get(key)))]
    seen_at = walk.until or walk.since
    told = (_told(session, kind, seen_at, correlation_id, deps.walking) for session, kind in doubts)
    return [notice for notice in told if notice is not None]


def _told(
    session: Mapping[str, Any], kind: str, seen_at: datetime, correlation_id: str, deps: WalkDeps
) -> Notice | None:
    now = deps.clock.now()
    try:
        return looked_at(session, kind, seen_at, deps.origin, received_at=now, correlation_id=correlation_id)
    except MalformedEvent as exc:
        deps.log.warning("object unusable", stripe_object=str(session["id"]), reason=exc.reason)
        deps.metrics.count("ObjectsUnusable", reason=exc.reason)
        return None
