"""How far a list of Stripe's was read: a walk over one stretch of time after the other, the newest first.

Stripe lists events and objects the newest first, so where a pass has come to is no time: it is what the next page
begins after. Only when a pass has reached its end does the time move up to which everything was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

KEPT = timedelta(days=30)
"""How long Stripe lists events: https://docs.stripe.com/api/events."""
OVERLAP = timedelta(hours=1)
"""What was seen last is looked at again: nothing says that an event is listed in the moment in which it was made."""
LET_ARRIVE = timedelta(minutes=10)
"""The newest events are left to their webhooks, and to the queue."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A stored walk; `version` counts its writes."""

    name: str
    seen: datetime
    """All events that were made before are seen."""
    since: datetime
    """From here on, the pass that is under way looks."""
    until: datetime | None = None
    """Up to here; None between two passes."""
    after: str | None = None
    """The id of the last one of the page before; None at the beginning of a pass."""
    version: int = 0


def begun(walk: Walk | None, name: str, now: datetime, *, whole: bool) -> Walk:
    """The walk over events with a pass under way: the one that was broken off, or a new one.

    `whole`: each pass looks as far back as Stripe keeps events, and not only at what came since the one before.
    """
    kept = now - KEPT
    seen = walk.seen if walk is not None else kept
    return _under_way(walk, name, now, seen, kept if whole else max(seen - OVERLAP, kept))


def begun_back(walk: Walk | None, name: str, now: datetime, back: timedelta) -> Walk:
    """The same of a walk over objects, which change after they were made. Each pass looks so far back from the end of
    the one before: however long none has run, what was young enough to change since then is looked at once more.
    """
    seen = walk.seen if walk is not None else now - back
    return _under_way(walk, name, now, seen, seen - back if walk is not None else seen)


def _under_way(walk: Walk | None, name: str, now: datetime, seen: datetime, since: datetime) -> Walk:
    if walk is not None and walk.until is not None:
        return walk
    version = walk.version if walk is not None else 0
    return Walk(name, seen, since, until=now - LET_ARRIVE, version=version)


def stepped(walk: Walk, after: str | None) -> Walk:
    """After a page; `after` is what the next one begins behind, None when this one ended the pass."""
    if after is not None:
        return replace(walk, after=after)
    return replace(walk, seen=max(walk.seen, walk.until or walk.seen), until=None, after=None)


def unseen(walk: Walk, now: datetime) -> Walk:
    """A walk over events of which nothing counts as seen: the next pass looks at all that Stripe keeps."""
    return replace(walk, seen=now - KEPT, since=now - KEPT, until=None, after=None)


def restarted(walk: Walk) -> Walk:
    """The same pass from its beginning: Stripe no longer has the event after which it was to go on."""
    return replace(walk, after=None)
