"""The schedules that read Stripe's lists: what no webhook brought is put onto the queue."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from billing.bootstrap.catch_up import catch_up_dependencies, look_dependencies, walk_dependencies
from billing.errors import MalformedMessage
from billing.observability import LambdaContext, observed, timed
from billing.services.catch_up import catch_up
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import looks
from billing.services.walk_on import Walked

_LAST_STEP = timedelta(seconds=20)
"""No page is begun with less than this left of the invocation: it may bring a hundred messages to send."""


def _events(deadline: datetime, run: str) -> Walked:
    return catch_up(deadline, run, catch_up_dependencies())


def _undelivered(deadline: datetime, run: str) -> Walked:
    return catch_up(deadline, run, catch_up_dependencies(), undelivered=True)


def _objects(deadline: datetime, run: str) -> Walked:
    return look_at_objects(looks(look_dependencies()), deadline, run, walk_dependencies())


_JOBS: Mapping[str, Callable[[datetime, str], Walked]] = {
    "catch_up": _events,
    "catch_up_undelivered": _undelivered,
    "look_at_objects": _objects,
}


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Read on where the run before stopped; each run is bounded, and may happen twice."""
    with observed(context), timed("CatchUpTime"):
        job = _JOBS.get(str(event.get("job")))
        if job is None:
            raise MalformedMessage("a schedule names no job of ours")
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        deadline = walk_dependencies().clock.now() + left - _LAST_STEP
        done = job(deadline, context.aws_request_id)
        return {"read": done.read, "queued": done.queued, "more": done.more}
