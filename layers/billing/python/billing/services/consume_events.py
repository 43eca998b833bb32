"""Work through a batch of queued events: one converge for each account that they concern.

A message is reported as failed only when its event is neither recorded nor about to be: the queue then delivers it
again, later each time. Whatever is killed in between leaves either nothing or the whole effect (one transaction).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.events import Origin, is_envelope, parse_envelope
from billing.domain.ids import CustomerId, EventId, UserId
from billing.domain.notice import Notice
from billing.domain.records import Outcome, Recording
from billing.errors import BillingError, MalformedEvent, MalformedMessage, Permanent, Retryable
from billing.ports.cache import Cache, PublishedAccount
from billing.ports.world import Queue
from billing.services.converge import EVENTS_AT_ONCE, Converged, ConvergeDeps, converge, recorded
from billing.services.find_owner import Ownerless, find_owners
from billing.services.find_touched import find_touched
from billing.services.publish import published
from billing.services.put_off import Message, PutOffDeps, put_off
from billing.services.unpark import unpark

ACTOR = "event_consumer"


@dataclass(frozen=True, slots=True)
class ConsumeDeps:
    """What the consumer needs of the world."""

    converge: ConvergeDeps
    queue: Queue
    cache: Cache
    origin: Origin
    park_foreign: bool = True
    """Keep what concerns an unknown customer until its owner is known; False takes it for another app's."""


def consume_events(messages: Sequence[Message], deadline: datetime, deps: ConsumeDeps) -> frozenset[str]:
    """Consume a batch; the ids of the messages that must be delivered again.

    Nothing is begun after `deadline`: what is finished stays finished, the rest is delivered again (failure-modes F11).
    """
    batch = _Batch(deadline, deps)
    notices = batch.read(messages)
    ours = []
    for notice in notices:
        # asked anew, since a replay may come after the setting was put right (failure-modes F30)
        wrong = deps.origin.quarantine(notice.livemode, notice.account)
        if wrong is not None:
            batch.record(Ownerless(notice, Outcome.QUARANTINED, wrong))
        else:
            ours.append(notice)
    batch.route(ours)
    batch.publish()
    batch.put_off()
    return batch.unfinished()


class _Batch:
    """The state of one batch: which messages carry which event, what is done, what must come again."""

    def __init__(self, deadline: datetime, deps: ConsumeDeps) -> None:
        self._deadline = deadline
        self._deps = deps
        self._messages: dict[EventId, list[Message]] = {}
        self._unfinished: set[str] = set()
        self._delays: list[tuple[Message, float]] = []
        self._accounts: dict[UserId, PublishedAccount] = {}
        self._done: list[EventId] = []

    def read(self, messages: Sequence[Message]) -> list[Notice]:
        """Read the notices, one for each event however many messages carry it."""
        notices: dict[EventId, Notice] = {}
        for message in messages:
            try:
                notice = self._notice_of(message)
            except (ValueError, RecursionError, MalformedMessage, MalformedEvent) as error:
                about = {"reason": str(error), "field": _misfit(error)}
                self._deps.converge.log.warning("malformed message", message_id=message.id, **about)
                self._deps.converge.metrics.count("MalformedMessages")
                self._unfinished.add(message.id)
                continue
            if notice is not None:
                notices.setdefault(notice.id, notice)
                self._messages.setdefault(notice.id, []).append(message)
        return list(notices.values())

    def _notice_of(self, message: Message) -> Notice | None:
        """What a message tells; None for an event of EventBridge of a type that we do not handle."""
        core = self._deps.converge
        body = json.loads(message.body)
        if not is_envelope(body):
            return Notice.from_message(body)
        notice = parse_envelope(body, self._deps.origin, received_at=core.clock.now())
        if notice is None:
            core.log.info("event ignored", message_id=message.id)
            core.metrics.count("EventsIgnored")
        return notice

    def route(self, notices: Sequence[Notice]) -> None:
        """Converge the account of each notice, and record those of nobody.

        Routed one by one when routing fails, so that one that can't be routed holds up no other.
        """
        core = self._deps.converge
        if self._late(notices):
            return
        begun = core.clock.now()
        half = begun + (self._deadline - begun) / 2  # the rest is to do what was found, or none would ever be done
        try:
            routed = find_owners(
                notices,
                core.accounts,
                core.stripe,
                park_foreign=self._deps.park_foreign,
                late=lambda: core.clock.now() >= half,
            )
        except Exception as error:  # noqa: BLE001 - a bug, too, must not hold up the others (failure-modes F13)
            if len(notices) == 1:
                self.failed(notices, error)
                return
            for notice in notices:
                self.route([notice])
            return
        for notice in routed.unasked:
            self._delay(notice, 0)
        self.left(routed.unasked)
        for ownerless in routed.ownerless:
            self.record(ownerless)
        for user, group in routed.users.items():
            for chunk in _chunks(group):
                self.converge(user, chunk)
        for user, customers in routed.parked.items():
            self._unpark(user, customers)

    def converge(self, user: UserId, group: Sequence[Notice]) -> None:
        """Converge one account; a group that fails is split by event before it is given up (money rule 5)."""
        core = self._deps.converge
        if self._late(group):
            return
        try:
            touched = find_touched(user, group, core.accounts, core.stripe)
            self._finished(converge(user, touched, group, ACTOR, core))
            for notice in group:
                self._tried(notice, failed=False)
        except Retryable as error:
            self.failed(group, error)
        except Exception as error:  # noqa: BLE001 - a bug, too, must not hold up the others (failure-modes F13)
            if len(group) == 1:
                self.failed(group, error)
                return
            for notice in group:
                self.converge(user, [notice])

    def _unpark(self, user: UserId, customers: Sequence[CustomerId]) -> None:
        """Apply what was parked before these customers had an owner, as far as the time of this batch reaches."""
        core = self._deps.converge
        try:
            for result in unpark(user, customers, ACTOR, core, self._deadline):
                self._finished(result)
        except BillingError as error:
            # the events stay on the list, and this batch's own are through: the next one tries again
            core.log.warning("parked events not applied", user_id=user, code=error.code, reason=error.message)
        except Exception as error:  # noqa: BLE001 - nor do a bug's
            core.log.failure("parked events not applied", error, user_id=user)

    def _late(self, notices: Sequence[Notice]) -> bool:
        """Whether the deadline has passed: then these are left to the next delivery."""
        late = self._deps.converge.clock.now() >= self._deadline
        if late:
            for notice in notices:
                self._delay(notice, 0)
            self.left(notices)
        return late

    def _finished(self, result: Converged) -> None:
        core = self._deps.converge
        state = published(result.account, core.policy, core.clock.now())
        self._accounts[state.user] = state
        self._done += [event for event, outcome in result.outcomes.items() if outcome.terminal]
        self._done += result.replayed

    def record(self, found: Ownerless, *, failed: bool = False) -> None:
        """Record an event that changes no account; `failed` if it has failed before, in this same try."""
        notice = found.notice
        if not failed and self._late([notice]):
            return
        core = self._deps.converge
        record = recorded(notice, found.outcome, found.reason, core.clock.now())
        try:
            ended = core.events.record(record)
        except Exception as error:  # noqa: BLE001 - a bug, too, must not hold up the others (failure-modes F13)
            self.failed([notice], error, quarantine=False)  # which is what could not be written
            return
        if ended is Recording.OWNED:
            self._delay(notice, 0)
            self.left([notice])
            return
        say = core.log.info if found.outcome.terminal or ended is Recording.RECORDED else core.log.warning
        say(
            "event recorded" if ended is Recording.WRITTEN else "skipped replay",
            event_id=notice.id,
            event_type=notice.type,
            correlation_id=notice.correlation_id,
            outcome=found.outcome,
            reason=found.reason,
        )
        if ended is Recording.WRITTEN:
            core.metrics.count("EventsByOutcome", outcome=found.outcome)
        else:
            core.metrics.count("EventsReplayed")
        if found.outcome.terminal or ended is Recording.RECORDED:
            self._done.append(record.id)
        if not failed:
            self._tried(notice, failed=False)

    def failed(self, group: Iterable[Notice], error: Exception, *, quarantine: bool = True) -> None:
        """Deliver again later what may succeed later; quarantine at once what never will (money rule 11).

        What nobody foresaw may succeed after a fix, or ends visibly in the dead-letter queue.
        """
        core = self._deps.converge
        for notice in group:
            about = {"event_id": notice.id, "event_type": notice.type, "correlation_id": notice.correlation_id}
            self._tried(notice, failed=True)
            if isinstance(error, BillingError):
                retryable = not isinstance(error, Permanent)
                core.log.error("failed", **about, code=error.code, reason=error.message, retryable=retryable)
            else:
                core.log.failure("unexpected error", error, **about)
            if isinstance(error, Permanent) and quarantine:
                self.record(Ownerless(notice, Outcome.QUARANTINED, error.message), failed=True)
            else:
                self._delay(notice, (error.retry_after or 0) if isinstance(error, Retryable) else 0)
                self.left([notice])

    def _tried(self, notice: Notice, *, failed: bool) -> None:
        """Count a try of an event: 1 that failed, 0 that did not. So the metric's sum is the errors of this type, its
        number of samples the tries, and its average the error rate, which no expression could divide for each type
        (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
        """
        self._deps.converge.metrics.count("EventsFailed", int(failed), event_type=notice.type)

    def left(self, group: Iterable[Notice]) -> None:
        """Leave these to the next delivery."""
        for notice in group:
            self._unfinished.update(message.id for message in self._messages[notice.id])

    def _delay(self, notice: Notice, wish: float) -> None:
        self._delays += [(message, wish) for message in self._messages[notice.id]]

    def publish(self) -> None:
        """Tell the cache, in one round trip, after everything is durable. Its failure costs time, never truth."""
        if not self._accounts and not self._done:
            return
        kept = self._deps.cache.publish(list(self._accounts.values()), self._done)
        log = self._deps.converge.log
        for user, state in self._accounts.items():
            log.info("cache updated" if kept else "cache not updated", user_id=user, version=state.version)

    def put_off(self) -> None:
        """Have what is unfinished delivered later. Last, for each call may hang for seconds; once the deadline is over
        the first that fails ends it, or the function would be cut off with its answer (failure-modes F11).
        """
        core = self._deps.converge
        deps = PutOffDeps(self._deps.queue, core.random, core.log, core.metrics)
        for message, wish in self._delays:
            if not put_off(message, wish, deps) and core.clock.now() >= self._deadline:
                return

    def unfinished(self) -> frozenset[str]:
        """The messages that must be delivered again."""
        return frozenset(self._unfinished)


def _misfit(error: Exception) -> object:
    """The field that kept a message from being read, where it was JSON."""
    return (error.ids.get("field") or error.ids.get("reason")) if isinstance(error, BillingError) else None


def _chunks(group: Sequence[Notice]) -> Iterable[Sequence[Notice]]:
    return (group[start : start + EVENTS_AT_ONCE] for start in range(0, len(group), EVENTS_AT_ONCE))
