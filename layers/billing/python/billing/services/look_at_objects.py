"""Look at Stripe's objects themselves, since now and then Stripe makes no event of a change (F50, money rule 27).

What is stored of them is read a page at a time, so one that is as we know it costs no converge. One in doubt goes onto
the queue as an event of it would, and from there nothing is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from billing.domain.look import looked_at
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun_back
from billing.errors import MalformedEvent
from billing.ports.stripe import Listed, ObjectList
from billing.services.walk_on import Telemetry, WalkDeps, Walked, each_in_turn, walk_on

type Doubts = Iterable[tuple[Mapping[str, Any], str]]
"""Objects in doubt, each with the type of the event that should have come of it."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_TELEMETRY = Telemetry("object in doubt", "ObjectsInDoubt")


@dataclass(frozen=True, slots=True)
class Look:
    """One list: how it is read, how a page of it is held against what is stored, how far back, and how often.

    `back` is how long after it was made an object may still change: so far each pass looks back from the end of the one
    before.
    """

    name: str
    listed: ObjectList
    doubts: Callable[[Listed], Doubts]
    back: timedelta
    every: timedelta
    """So long after the end of the pass before, the next one begins."""


def look_at_objects(
    looks: Sequence[Look], deadline: datetime, correlation_id: str, deps: WalkDeps, *, now: bool = False
) -> Walked:
    """Read on in every list whose time has come, until the deadline. `now`: in every list.

    The list that was seen to its end the longest time ago is the first. Raises what the ports raise, when every list
    had its turn.
    """
    walks = [(look, deps.walks.load(look.name)) for look in looks]
    wanted = [(look, walk) for look, walk in walks if now or _is_due(look, walk, deps.clock.now())]
    wanted.sort(key=lambda each: _NEVER if each[1] is None else each[1].seen)
    turns = [partial(_looked_on, look, walk, deadline, correlation_id, deps) for look, walk in wanted]
    return each_in_turn(turns, deadline, deps)


def _is_due(look: Look, walk: Walk | None, now: datetime) -> bool:
    return walk is None or walk.until is not None or now - walk.seen >= look.every


def _looked_on(look: Look, walk: Walk | None, deadline: datetime, correlation_id: str, deps: WalkDeps) -> Walked:
    def notices_of(page: Listed, at: Walk) -> list[Notice]:
        """Under one id in all of a pass, whose end is known."""
        seen_at = at.until or at.since
        notices = (_notice_of(obj, kind, seen_at, correlation_id, deps) for obj, kind in look.doubts(page))
        return [notice for notice in notices if notice is not None]

    under_way = begun_back(walk, look.name, deps.clock.now(), look.back)
    done = walk_on(under_way, look.listed.page, notices_of, _TELEMETRY, deadline, deps)
    deps.log.info("looked at objects", walk=look.name, count=done.queued, changed=done.queued > 0)
    return done


def _notice_of(
    obj: Mapping[str, Any], kind: str, seen_at: datetime, correlation_id: str, deps: WalkDeps
) -> Notice | None:
    now = deps.clock.now()
    try:
        return looked_at(obj, kind, seen_at, deps.origin, received_at=now, correlation_id=correlation_id)
    except MalformedEvent as exc:
        deps.log.warning("object unusable", stripe_object=str(obj.get("id")), reason=exc.reason)
        deps.metrics.count("EventsUnusable")
        return None
