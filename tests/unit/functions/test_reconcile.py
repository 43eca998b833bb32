"""The schedules of reconcile: which job is which, and when a run stops."""

from datetime import timedelta
from typing import Any

import pytest

from billing.bootstrap.reconcile import ReconcileWorld
from billing.errors import MalformedMessage, StoreUnavailable
from billing.services.adjust_credits import adjust_credits
from functions.reconcile import app
from tests.fakes.core import Core
from tests.fakes.lambda_events import FakeContext
from tests.fakes.snapshots import ALICE, NOW


@pytest.mark.parametrize("event", [{}, {"job": "nothing"}, {"job": None}, {"job": "catch_up"}])
def test_a_schedule_that_names_no_job_fails_where_it_is_seen(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        app.lambda_handler(event, FakeContext())


@pytest.mark.parametrize(("remaining", "settled"), [(9_000, 0), (11_000, 1)])
def test_no_account_is_begun_that_might_not_be_settled(
    monkeypatch: pytest.MonkeyPatch, remaining: int, settled: int
) -> None:
    """Another writer may be in the way for seconds. What is left is due at the next run."""
    core = Core()
    ends = NOW + timedelta(hours=1)
    adjust_credits(ALICE, 100, "gift", "somebody", "key-1", ends, core.use)
    core.clock.time = ends + timedelta(minutes=5)
    begun: list[None] = []
    world = ReconcileWorld(core.use, core.due, lambda: begun.append(None))
    monkeypatch.setattr(app, "reconcile_dependencies", lambda: world)
    done = app.lambda_handler({"job": "settle_due"}, FakeContext(remaining=remaining))
    assert done == {"settled": settled, "failed": 0, "more": not settled}
    assert core.granted() == [("ADJUSTMENT", 100), ("EXPIRY", -100)][: 1 + settled]
    assert len(begun) == settled


def test_a_run_that_does_not_learn_what_is_due_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda starts it again, and alarms go by its count of errors."""
    core = Core()
    core.calls.broken["due"] = StoreUnavailable("DynamoDB is down")
    monkeypatch.setattr(app, "reconcile_dependencies", lambda: ReconcileWorld(core.use, core.due, lambda: None))
    with pytest.raises(StoreUnavailable):
        app.lambda_handler({"job": "settle_due"}, FakeContext(remaining=60_000))
