"""Apply the events that were parked before their customer had an owner (money rule 9), each once.

An owner is written on the condition that there is none, and an event is parked on the condition that there is none: so
once there is one the customer's list only shrinks. The account is right with the first converge, which asks Stripe;
what is done here besides is to settle the records, so that what is parked is what waits for a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from billing.domain.ids import CustomerId, UserId
from billing.domain.notice import Notice
from billing.domain.records import EventRecord, Outcome, Recording, Unparked
from billing.errors import MalformedMessage, Permanent
from billing.services.converge import EVENTS_AT_ONCE, Converged, ConvergeDeps, converge, recorded
from billing.services.find_touched import find_touched


def unpark(
    user: UserId, customers: Sequence[CustomerId], actor: str, deps: ConvergeDeps, deadline: datetime
) -> Iterator[Converged]:
    """Converge with what is on the lists of these customers of the user, a part at a time, until `deadline`.

    What is left stays on the list for the next event of the customer, or a resync. Raises what converging raises.
    """
    for customer in customers:
        while deps.clock.now() < deadline:
            parked = deps.events.parked(customer, EVENTS_AT_ONCE)
            if parked.unparked is None:
                break
            notices = _read(parked.records, deps)
            try:
                yield _applied(user, notices, parked.unparked, actor, deps)
            except Permanent:
                if not notices:  # it is the account itself: every further turn would ask Stripe the same
                    raise
                yield from _one_by_one(user, notices, customer, actor, deps, deadline)
                continue
            if parked.unparked.last:
                break


def _applied(user: UserId, notices: Sequence[Notice], unparked: Unparked, actor: str, deps: ConvergeDeps) -> Converged:
    touched = find_touched(user, notices, deps.accounts, deps.stripe)
    return converge(user, touched, notices, actor, deps, (unparked,))


def _one_by_one(
    user: UserId,
    notices: Sequence[Notice],
    customer: CustomerId,
    actor: str,
    deps: ConvergeDeps,
    deadline: datetime,
) -> Iterator[Converged]:
    """Split a part that failed by event (money rule 5). The one that will never succeed is quarantined: it leaves the
    list with the next part, like all that is parked no more.
    """
    for notice in notices:
        if deps.clock.now() >= deadline:
            return
        try:
            yield _applied(user, [notice], Unparked(customer, frozenset({notice.id}), last=False), actor, deps)
        except Permanent as error:
            _quarantine(recorded(notice, Outcome.QUARANTINED, error.message, deps.clock.now()), deps)


def _read(records: Iterable[EventRecord], deps: ConvergeDeps) -> list[Notice]:
    """What the parked events tell. One that a replay has moved since is only taken off the list; one that can't be read
    any more, as a later release may write it, is quarantined, and holds up none of the others.
    """
    found = []
    for record in records:
        if record.outcome is not Outcome.PARKED or record.message is None:
            continue
        try:
            found.append(Notice.from_message(json.loads(record.message)))
        except (ValueError, MalformedMessage):
            why = "its message can't be read"
            _quarantine(replace(record, outcome=Outcome.QUARANTINED, reason=why, recorded_at=deps.clock.now()), deps)
    return found


def _quarantine(record: EventRecord, deps: ConvergeDeps) -> None:
    if deps.events.record(record) is not Recording.WRITTEN:
        return
    deps.metrics.count("EventsByOutcome", outcome=record.outcome)
    deps.log.warning(
        "event recorded",
        event_id=record.id,
        event_type=record.type,
        outcome=record.outcome,
        reason=record.reason,
    )
