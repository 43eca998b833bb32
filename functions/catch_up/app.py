"""The schedules that read Stripe's list of events: what no webhook brought is put onto the queue."""

from datetime import timedelta
from typing import Any

from billing.bootstrap.catch_up import catch_up_dependencies
from billing.errors import MalformedMessage
from billing.observability import LambdaContext, observed, timed
from billing.services.catch_up import catch_up

_LAST_STEP = timedelta(seconds=20)
"""No page is begun with less than this left of the invocation: it may bring a hundred messages to send."""
_UNDELIVERED = {"catch_up": False, "catch_up_undelivered": True}
"""By job."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Read on where the run before stopped; each run is bounded, and may happen twice."""
    with observed(context), timed("CatchUpTime"):
        undelivered = _UNDELIVERED.get(str(event.get("job")))
        if undelivered is None:
            raise MalformedMessage("a schedule names no job of ours")
        deps = catch_up_dependencies()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        deadline = deps.clock.now() + left - _LAST_STEP
        done = catch_up(deadline, context.aws_request_id, deps, undelivered=undelivered)
        return {"read": done.read, "queued": done.queued, "more": done.more}
