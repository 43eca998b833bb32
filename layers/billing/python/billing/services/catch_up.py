"""Catch up on events that never came: read Stripe's own list of them, and queue those of which nothing is recorded.

From the queue on, they take the way of every other event: nothing is decided here, and an event that was on its way all
the while is applied once (money rules 8 and 27; F49).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from typing import Any

from billing.domain.events import HANDLED, parse_event
from billing.domain.ids import EVENT_ID, EventId, fits
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun, unseen
from billing.errors import Contention, MalformedEvent
from billing.ports.store import Walks
from billing.ports.stripe import EventList, Listed
from billing.services.walk_on import Telemetry, WalkDeps, Walked, each_in_turn, walk_on

_TYPES_AT_ONCE = 20
"""What the list takes: https://docs.stripe.com/api/events/list#list_events-types."""
LISTS: tuple[tuple[str, ...], ...] = tuple(batched(sorted(HANDLED), _TYPES_AT_ONCE, strict=False))
"""Every handled type, once."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_TELEMETRY = Telemetry("event caught up", "EventsCaughtUp")


@dataclass(frozen=True, slots=True)
class CatchUpDeps:
    """What catching up needs of the world."""

    listed: EventList
    walking: WalkDeps


def catch_up(deadline: datetime, correlation_id: str, deps: CatchUpDeps, *, undelivered: bool = False) -> Walked:
    """Read on in every list, until the deadline. The list that was seen to its end the longest time ago is the first.

    `undelivered`: look at all that Stripe keeps, 30 days, but only at events that an endpoint has not taken: a second
    net, under what was listed too late for the first. Raises what the ports raise, when every list had its turn.
    """
    walking = deps.walking

    def read_on(types: tuple[str, ...], name: str, walk: Walk | None) -> Walked:
        return walk_on(
            begun(walk, name, walking.clock.now(), whole=undelivered),
            partial(deps.listed.page, types, undelivered=undelivered),
            lambda page, _: _notices(page, correlation_id, walking),
            _TELEMETRY,
            deadline,
            walking,
        )

    lists = [(types, name, walking.walks.load(name)) for types, name in _named(undelivered=undelivered)]
    lists.sort(key=lambda each: _NEVER if each[2] is None else each[2].seen)
    found = each_in_turn([partial(read_on, *each) for each in lists], deadline, walking)
    walking.log.info("caught up on events", count=found.queued, changed=found.queued > 0)
    return found


def read_anew(walks: Walks, now: datetime) -> None:
    """Let the next run look at all that Stripe keeps, as the first one did: records of events were lost.

    How long ago an event was made of which a record was lost nobody knows: it may have been delivered for days, been
    queued for days, parked, or replayed. One whose record is still there costs a read and no more. Raises Contention
    where a run saves its place at the same moment, and what the ports raise.
    """
    for _, name in _named(undelivered=False):
        walk = walks.load(name)
        if walk is not None and walks.save(unseen(walk, now)) is None:
            raise Contention("a schedule reads the list of events at this moment: pause the functions first")


def _named(*, undelivered: bool) -> list[tuple[tuple[str, ...], str]]:
    """The lists with the names of their walks."""
    kind = "undelivered" if undelivered else "events"
    return [(types, f"{kind}:{number}") for number, types in enumerate(LISTS)]


def _notices(page: Listed, correlation_id: str, deps: WalkDeps) -> list[Notice]:
    read = (_read(event, correlation_id, deps) for event in page.objects)
    return [notice for notice in read if notice is not None]


def _read(event: Mapping[str, Any], correlation_id: str, deps: WalkDeps) -> Notice | None:
    try:
        return parse_event(event, deps.origin, received_at=deps.clock.now(), correlation_id=correlation_id)
    except MalformedEvent as exc:
        name = fits(event.get("id"), EVENT_ID)
        deps.log.warning("event unusable", event_id=EventId(name) if name else None, reason=exc.reason)
        deps.metrics.count("EventsUnusable")
        return None
