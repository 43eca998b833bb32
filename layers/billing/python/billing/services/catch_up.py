"""Catch up on events that never came: read Stripe's own list of them, and queue those of which nothing is recorded.

From the queue on, they take the way of every other event: nothing is decided here, and an event that was on its way all
the while is applied once (money rules 8 and 27; F49).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from billing.domain.events import HANDLED, Origin, parse_event
from billing.domain.ids import EVENT_ID, EventId, fits
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun, begun_anew, stepped
from billing.errors import MalformedEvent, StripeRefused
from billing.ports.store import EventStore, Walks
from billing.ports.stripe import EventList, ListedEvents
from billing.ports.world import Clock, Log, Metrics, Queue

_TYPES_AT_ONCE = 20
"""What the list takes: https://docs.stripe.com/api/events/list#list_events-types."""
LISTS: tuple[tuple[str, ...], ...] = tuple(batched(sorted(HANDLED), _TYPES_AT_ONCE, strict=False))
"""Every handled type, once."""


@dataclass(frozen=True, slots=True)
class CatchUpDeps:
    """What catching up needs of the world."""

    listed: EventList
    walks: Walks
    events: EventStore
    queue: Queue
    origin: Origin
    clock: Clock
    log: Log
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What a run came to. `more`: it stopped at its deadline, and the next run goes on from there."""

    read: int
    queued: int
    more: bool


def catch_up(deadline: datetime, correlation_id: str, deps: CatchUpDeps, *, undelivered: bool = False) -> CaughtUp:
    """Read on in every list, until the deadline.

    `undelivered`: look at all that Stripe keeps, 30 days, but only at events that an endpoint has not taken: a second
    net, under what was listed too late for the first.

    Raises what the ports raise. What was queued before stays queued, and where each list was read to is stored after
    every page: a run that was killed costs the next one a page.
    """
    read = queued = 0
    more = False
    for number, types in enumerate(LISTS):
        name = f"{'undelivered' if undelivered else 'events'}:{number}"
        for page, sent in _pass(name, types, correlation_id, deps, undelivered=undelivered):
            read += len(page.events)
            queued += sent
            if page.more and deps.clock.now() >= deadline:
                more = True
                break
        more = more or (number + 1 < len(LISTS) and deps.clock.now() >= deadline)
        if more:
            break
    deps.metrics.count("EventsCaughtUp", queued)
    deps.log.info("caught up on events", count=queued, changed=queued > 0)
    return CaughtUp(read, queued, more)


def _pass(
    name: str, types: Sequence[str], correlation_id: str, deps: CatchUpDeps, *, undelivered: bool
) -> Iterator[tuple[ListedEvents, int]]:
    """The pages of one pass, each with how many of its events were queued. It ends early when another run reads the
    same list: that one goes on.
    """
    walk: Walk | None = begun(deps.walks.load(name), name, deps.clock.now(), whole=undelivered)
    while walk is not None:
        page, walk = _page(types, walk, deps, undelivered=undelivered)
        sent = _queue_unknown(page, correlation_id, deps)
        walk = deps.walks.save(stepped(walk, page.last, more=page.more))
        yield page, sent
        if walk is None or walk.until is None:
            return


def _page(types: Sequence[str], walk: Walk, deps: CatchUpDeps, *, undelivered: bool) -> tuple[ListedEvents, Walk]:
    """A page, and the walk that it is of. A walk that has slept for a month goes on after an event that is gone."""
    try:
        return deps.listed.page(types, walk, undelivered=undelivered), walk
    except StripeRefused as refused:
        if walk.after is None or refused.stripe_code != "resource_missing":
            raise
        anew = begun_anew(walk)
        return deps.listed.page(types, anew, undelivered=undelivered), anew


def _queue_unknown(page: ListedEvents, correlation_id: str, deps: CatchUpDeps) -> int:
    """Queue the events of a page of which nothing is recorded."""
    notices = [notice for event in page.events if (notice := _read(event, correlation_id, deps)) is not None]
    known = deps.events.records({notice.id for notice in notices})
    unknown = [notice for notice in notices if notice.id not in known]
    for notice in unknown:
        deps.queue.send(notice.to_text())
        deps.log.info("event caught up", event_id=notice.id, event_type=notice.type, customer_id=notice.customer)
    return len(unknown)


def _read(event: Mapping[str, Any], correlation_id: str, deps: CatchUpDeps) -> Notice | None:
    try:
        return parse_event(event, deps.origin, received_at=deps.clock.now(), correlation_id=correlation_id)
    except MalformedEvent as exc:
        name = fits(event.get("id"), EVENT_ID)
        deps.log.warning("event unusable", event_id=EventId(name) if name else None, reason=exc.reason)
        deps.metrics.count("WebhooksUnusable", reason=exc.reason)
        return None
