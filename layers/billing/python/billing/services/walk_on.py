"""Read on in one of Stripe's lists, page by page, and queue what nothing is recorded of (money rule 27).

Where a list was read to is stored after every page, when all that came of the page is on the queue: a run that dies
anywhere costs the next one a page. Of two runs at once, one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.events import Origin
from billing.domain.notice import Notice
from billing.domain.walk import Walk, begun_anew, stepped
from billing.errors import BillingError, StripeRefused
from billing.ports.store import EventStore, Walks
from billing.ports.stripe import Listed
from billing.ports.world import Clock, Log, Metrics, Queue

type Read = Callable[[Walk], Listed]
type Notices = Callable[[Listed, Walk], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class WalkDeps:
    """What reading on needs of the world."""

    walks: Walks
    events: EventStore
    queue: Queue
    origin: Origin
    clock: Clock
    log: Log
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Told:
    """How it is told that a notice was queued: by this message in the log, and by this metric, page by page."""

    message: str
    metric: str


@dataclass(frozen=True, slots=True)
class Walked:
    """What a run came to. `more`: it stopped at its deadline, and the next run goes on from there."""

    read: int
    queued: int
    more: bool


def each_in_turn(lists: Iterable[Callable[[], Walked]], deadline: datetime, deps: WalkDeps) -> Walked:
    """Read on in one list after the other, until the deadline, so that Stripe is asked by one at a time.

    A list that can't be read keeps none behind it waiting: it is tried first again in every run. What the first of them
    raised is raised when all had their turn.
    """
    read = queued = 0
    begun = more = False
    failed: BillingError | None = None
    for read_on in lists:
        if begun and deps.clock.now() >= deadline:
            more = True
            break
        begun = True
        try:
            done = read_on()
        except BillingError as exc:
            deps.log.failure("list not read", exc, code=exc.code)
            failed = failed or exc
            continue
        read, queued, more = read + done.read, queued + done.queued, more or done.more
    if failed is not None:
        raise failed
    return Walked(read, queued, more)


def walk_on(walk: Walk, read: Read, notices: Notices, told: Told, deadline: datetime, deps: WalkDeps) -> Walked:
    """Read the walk's pass to its end, or until the deadline.

    Raises what the ports raise. What was queued before stays queued, and is counted.
    """
    seen = queued = 0
    under_way: Walk | None = walk
    while under_way is not None and under_way.until is not None:
        page, under_way = _page(read, under_way)
        queued += _queue_unknown(notices(page, under_way), told, deps)
        seen += len(page.objects)
        under_way = deps.walks.save(stepped(under_way, page.after))
        if deps.clock.now() >= deadline:
            break
    return Walked(seen, queued, more=under_way is not None and under_way.until is not None)


def _page(read: Read, walk: Walk) -> tuple[Listed, Walk]:
    """A page, and the walk that it is of. Stripe may no longer have the object after which a walk was to go on."""
    try:
        return read(walk), walk
    except StripeRefused as refused:
        if walk.after is None or refused.stripe_code != "resource_missing":
            raise
        anew = begun_anew(walk)
        return read(anew), anew


def _queue_unknown(notices: Sequence[Notice], told: Told, deps: WalkDeps) -> int:
    """Queue those of which nothing is recorded."""
    known = deps.events.records({notice.id for notice in notices})
    unknown = [notice for notice in notices if notice.id not in known]
    for notice in unknown:
        deps.queue.send(notice.to_text())
        deps.log.info(told.message, event_id=notice.id, event_type=notice.type, customer_id=notice.customer)
    deps.metrics.count(told.metric, len(unknown))
    return len(unknown)
