"""Apply the events that were parked before their customer had an owner (money rule 9), each once.

An owner is written on the condition that there is none, and an event is parked on the condition that there is none: so
once there is one the customer's list only shrinks. The account is right with the first converge, which asks Stripe;
what is done here besides is to settle the records, so that what is parked is what waits for a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from billing.domain.ids import CustomerId, UserId
from billing.domain.notice import Notice
from billing.domain.records import Outcome, Unparked
from billing.errors import Permanent
from billing.ports.store import Parked
from billing.services.converge import Converged, ConvergeDeps, converge, recorded
from billing.services.find_touched import find_touched

_AT_ONCE = 40
"""Events of one transaction; DynamoDB takes 100 items, and the account, its purchases and entries need room too."""


def unpark(
    user: UserId, customers: Sequence[CustomerId], actor: str, deps: ConvergeDeps, deadline: datetime
) -> Iterator[Converged]:
    """Converge with what is on the lists of these customers of the user, a part at a time, until `deadline`.

    What is left stays on the list for the next event of the customer, or a resync. Raises what converging raises.
    """
    for customer in customers:
        while deps.clock.now() < deadline:
            parked = deps.events.parked(customer, _AT_ONCE)
            if parked.unparked is None:
                break
            try:
                yield _applied(user, notices_of(parked), parked.unparked, actor, deps)
            except Permanent:
                yield from _one_by_one(user, notices_of(parked), customer, actor, deps)
                continue
            if parked.unparked.last:
                break


def _applied(user: UserId, notices: Sequence[Notice], unparked: Unparked, actor: str, deps: ConvergeDeps) -> Converged:
    touched = find_touched(user, notices, deps.accounts, deps.stripe)
    return converge(user, touched, notices, actor, deps, (unparked,))


def _one_by_one(
    user: UserId, notices: Sequence[Notice], customer: CustomerId, actor: str, deps: ConvergeDeps
) -> Iterator[Converged]:
    """Split a part that failed by event (money rule 5). The one that will never succeed is quarantined: it leaves the
    list with the next part, like all that is parked no more.
    """
    for notice in notices:
        try:
            yield _applied(user, [notice], Unparked(customer, frozenset({notice.id}), last=False), actor, deps)
        except Permanent as error:
            deps.log.warning("parked event failed", event_id=notice.id, user_id=user, code=error.code)
            deps.events.record(recorded(notice, Outcome.QUARANTINED, error.message, deps.clock.now()))


def notices_of(parked: Parked) -> list[Notice]:
    """What the parked events tell. One that a replay has moved since is only taken off the list."""
    return [
        Notice.from_message(json.loads(record.message))
        for record in parked.records
        if record.outcome is Outcome.PARKED and record.message is not None
    ]
