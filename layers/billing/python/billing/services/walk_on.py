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
from billing.domain.walk import Walk, restarted, stepped
from billing.errors import BillingError, StripeBusy, StripeRefused
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
class Telemetry:
    """How the queueing of a notice shows: by this message in the log, and by this metric, page by page."""

    message: str
    metric: str


@dataclass(frozen=True, slots=True)
class Walked:
    """What a run came to."""

    read: int
    queued: int
    more: bool
    """It stopped before the end, at its deadline or because Stripe asked it to; the next run goes on from there."""
    overtaken: bool = False
    """Another run reads the same list, and has gone on with it: how far that one comes is not known here."""
    busy: bool = False
    """Stripe asked to be asked less (429)."""


def each_in_turn(lists: Iterable[Callable[[], Walked]], deadline: datetime, deps: WalkDeps) -> Walked:
    """Read on in one list after the other, until the deadline, so that Stripe is asked by one at a time.

    A list that can't be read keeps none behind it waiting: it is tried first again in every run. What the first of them
    raised is raised when all had their turn. When Stripe asks to be asked less, that goes for all lists: the run ends
    there, and is none that failed. That it happens to run after run is for the metric to tell.
    """
    read = queued = 0
    begun = more = overtaken = busy = False
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
        read, queued = read + done.read, queued + done.queued
        more, overtaken, busy = more or done.more, overtaken or done.overtaken, done.busy
        if busy:
            break
    if failed is not None:
        raise failed
    return Walked(read, queued, more, overtaken, busy)


def walk_on(
    walk: Walk, read: Read, notices: Notices, telemetry: Telemetry, deadline: datetime, deps: WalkDeps
) -> Walked:
    """Read the walk's pass to its end, or until the deadline, or until Stripe asks to be asked less.

    Raises what else the ports raise. What was queued before stays queued, and is counted.
    """
    seen = queued = 0
    under_way = walk
    while under_way.until is not None:
        try:
            page, under_way = _page(read, under_way)
            found = notices(page, under_way)
        except StripeBusy:
            deps.log.warning("stripe asks to be asked less", walk=walk.name)
            deps.metrics.count("RunsHeldUp")
            return Walked(seen, queued, more=True, busy=True)
        queued += _queue_unknown(found, telemetry, deps)
        seen += len(page.objects)
        saved = deps.walks.save(stepped(under_way, page.after))
        if saved is None:
            return Walked(seen, queued, more=False, overtaken=True)
        under_way = saved
        if deps.clock.now() >= deadline:
            break
    return Walked(seen, queued, more=under_way.until is not None)


def _page(read: Read, walk: Walk) -> tuple[Listed, Walk]:
    """A page, and the walk that it is of. Stripe may no longer have the object after which a walk was to go on."""
    try:
        return read(walk), walk
    except StripeRefused as refused:
        if walk.after is None or not refused.missing:
            raise
        anew = restarted(walk)
        return read(anew), anew


def _queue_unknown(notices: Sequence[Notice], telemetry: Telemetry, deps: WalkDeps) -> int:
    """Queue those of which nothing is recorded. Each is counted when the queue has it; a page without any counts 0."""
    known = deps.events.records({notice.id for notice in notices})
    unknown = [notice for notice in notices if notice.id not in known]
    for notice in unknown:
        deps.queue.send(notice.to_text())
        deps.metrics.count(telemetry.metric)
        deps.log.info(telemetry.message, event_id=notice.id, event_type=notice.type, customer_id=notice.customer)
    if not unknown:
        deps.metrics.count(telemetry.metric, 0)
    return len(unknown)
