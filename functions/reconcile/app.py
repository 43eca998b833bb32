"""The schedules: jobs that bring in line what no request and no event of Stripe does."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from billing.bootstrap.reconcile import ReconcileWorld, reconcile_dependencies
from billing.errors import MalformedMessage
from billing.observability import LambdaContext, observed, timed
from billing.services.settle_due import settle_due

_LAST_STEP = timedelta(seconds=10)
"""No account is begun with less than this left of the invocation."""


def _settle_due(deadline: datetime, world: ReconcileWorld) -> dict[str, Any]:
    done = settle_due(deadline, world.due, world.credits, world.begin)
    return {"settled": done.settled, "failed": done.failed, "more": done.more}


_JOBS: Mapping[str, Callable[[datetime, ReconcileWorld], dict[str, Any]]] = {
    "settle_due": _settle_due,
}


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do the job that the schedule names; each is bounded, goes on where it stopped, and may run twice."""
    with observed(context), timed("ReconcileTime"):
        job = _JOBS.get(str(event.get("job")))
        if job is None:
            raise MalformedMessage("a schedule names no job of ours")
        world = reconcile_dependencies()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        return job(world.credits.clock.now() + left - _LAST_STEP, world)
