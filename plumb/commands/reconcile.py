"""`plumb reconcile`: the schedules' jobs, now and to their end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from billing.domain.walk import LET_ARRIVE, Walk
from billing.errors import BillingError
from billing.ports.stripe import EventList, Listed, ObjectList
from billing.services.catch_up import catch_up
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import looks
from billing.services.settle_due import settle_due
from billing.services.walk_on import Walked
from plumb.cli import FAILED, OK, operator_command
from plumb.invocation import Invocation
from plumb.output import counted, moment
from plumb.reasons import reason
from plumb.world import World

_PATIENCE = timedelta(days=1)
"""A function has minutes, and leaves the rest to its next run. Here there is no next one: it reads to the end."""
_RUN = "plumb-reconcile"

type _Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Done:
    """What a job came to: what people read, what programs read, and whether all of it is done."""

    sentence: str
    counts: Mapping[str, int]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """The list of events, page by page, before somebody who waits for it."""

    listed: EventList
    seen: _Seen

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        """See EventList."""
        found = self.listed.page(types, walk, undelivered=undelivered)
        self.seen(len(found.objects))
        return found


@dataclass(frozen=True, slots=True)
class _ShownObjects:
    """A list of objects, in the same way."""

    listed: ObjectList
    seen: _Seen

    def page(self, walk: Walk) -> Listed:
        """See ObjectList."""
        found = self.listed.page(walk)
        self.seen(len(found.objects))
        return found


@operator_command("reconcile")
def command(invocation: Invocation) -> int:
    """Do now what the schedules do: queue what no webhook brought, and settle what ended by itself.

    What Stripe made in the last ten minutes is not looked at: its webhook may still be on the way.
    It goes on where the schedules stopped, and they where it stopped. A second run finds nothing to do. A job that
    fails stops no other, and the exit code is then 1.

    \b
    Examples:
      plumb reconcile
      plumb reconcile --stage prod --yes --json
    """
    invocation.must_confirm("Reconcile?")
    out, failed = invocation.out, False
    until = moment(invocation.world.clock.now() - LET_ARRIVE)
    out.say(f"Stripe's lists are read up to {until}: what is younger is left to its webhook.")
    for job, work in JOBS.items():
        with out.progress(job) as bar:
            try:
                done = work(invocation.world, lambda number, bar=bar: bar.advance(bar.task_ids[0], number))  # type: ignore[misc]
            except BillingError as exc:
                told = reason(exc)
                out.note(f"{job}: {told[1] if told else exc.message}")
                out.line({"job": job, "ok": False, "error": exc.code})
                failed = True
                continue
        out.say(f"{job}: {done.sentence}")
        out.line({"job": job, "ok": done.whole, **done.counts})
        if not done.whole:
            out.note(f"{job}: not all of it is done: run this again.")
            failed = True
    return FAILED if failed else OK


def events(world: World, seen: _Seen) -> Done:
    """All that came since the pass before."""
    return _caught_up(world, seen, undelivered=False)


def undelivered(world: World, seen: _Seen) -> Done:
    """All of the last 30 days that an endpoint has not taken."""
    return _caught_up(world, seen, undelivered=True)


def objects(world: World, seen: _Seen) -> Done:
    """The objects of which Stripe may have made no event."""
    every = [replace(look, listed=_ShownObjects(look.listed, seen)) for look in looks(world.look)]

    def look(*, begin: bool) -> Walked:
        return look_at_objects(every, world.clock.now() + _PATIENCE, _RUN, world.walking, now=begin)

    return _walked(lambda: look(begin=True), lambda: look(begin=False), "object")


def due(world: World, seen: _Seen) -> Done:
    """All that is due. Rounds of it, until one has nothing left to do, or can do nothing."""
    settled = 0
    while True:
        begin = world.shared_cache.start_request
        done = settle_due(world.clock.now() + _PATIENCE, world.due, world.credits, begin)
        settled += done.settled
        seen(done.settled)
        if not (done.more and done.settled):
            break
    sentence = f"{counted(settled, 'account')} settled{f', {done.failed} not' if done.failed else ''}."
    return Done(sentence, {"settled": settled, "failed": done.failed}, whole=not (done.more or done.failed))


JOBS: Mapping[str, Callable[[World, _Seen], Done]] = {
    "catch_up": events,
    "catch_up_undelivered": undelivered,
    "look_at_objects": objects,
    "settle_due": due,
}
"""By the names that the schedules have for them, in the order of what brings something to the one after it."""


def _caught_up(world: World, seen: _Seen, *, undelivered: bool) -> Done:
    deps = replace(world.catch_up, listed=_Shown(world.catch_up.listed, seen))

    def read() -> Walked:
        return catch_up(world.clock.now() + _PATIENCE, _RUN, deps, undelivered=undelivered)

    return _walked(read, read, "event")


def _walked(first: Callable[[], Walked], on: Callable[[], Walked], what: str) -> Done:
    """Read to the end, also where a schedule reads the same list at that moment and was faster with a page.

    Going on from where that one has come, until nobody is faster: of two that read a list one gives up at a page's end,
    so the schedule does when it is overtaken in its turn.
    """
    done = first()
    read, queued = done.read, done.queued
    while done.overtaken and not done.more:
        done = on()
        read, queued = read + done.read, queued + done.queued
    asked = " Stripe asks to be asked less." if done.busy else ""
    sentence = f"{counted(read, what)} read, {queued} put onto the queue.{asked}"
    return Done(sentence, {"read": read, "queued": queued}, whole=not done.more)
