"""The schedules that read Stripe's lists: which job is which, and when a run stops."""

from typing import Any

import pytest

from billing.errors import MalformedMessage, StripeUnavailable
from functions.catch_up import app
from tests.fakes.catching_up import CatchingUp
from tests.fakes.lambda_events import FakeContext
from tests.fakes.webhook_edge import PAYLOAD


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> CatchingUp:
    """Stripe has made an event that nobody has heard of."""
    stripe = CatchingUp()
    stripe.made("evt_1", pending_webhooks=0, data={"object": PAYLOAD["data"]["object"] | {"metadata": {}}})
    monkeypatch.setattr(app, "walk_dependencies", lambda: stripe.deps.walking)
    monkeypatch.setattr(app, "catch_up_dependencies", lambda: stripe.deps)
    return stripe


@pytest.mark.parametrize("event", [{}, {"job": "nothing"}, {"job": None}, {"job": "settle_due"}])
def test_a_schedule_that_names_no_job_fails_where_it_is_seen(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        app.lambda_handler(event, FakeContext())


@pytest.mark.parametrize(("job", "queued"), [("catch_up", ["evt_1"]), ("catch_up_undelivered", [])])
def test_the_second_net_asks_for_what_no_endpoint_has_taken(stripe: CatchingUp, job: str, queued: list[str]) -> None:
    """F49. What comes of it can be followed from the run that found it."""
    context = FakeContext("run-7", remaining=60_000)
    assert app.lambda_handler({"job": job}, context)["queued"] == len(queued)
    assert {message["correlationId"] for message in stripe.core.queue.messages} <= {"run-7"}
    assert stripe.queued() == queued


def test_a_run_says_what_it_read_and_what_was_queued(stripe: CatchingUp) -> None:
    bare = PAYLOAD["data"]["object"] | {"metadata": {}}
    stripe.made("evt_2", pending_webhooks=1, data={"object": bare})
    context = FakeContext("run-7", remaining=60_000)
    assert app.lambda_handler({"job": "catch_up_undelivered"}, context) == {"read": 1, "queued": 1, "more": False}
    assert [message["correlationId"] for message in stripe.core.queue.messages] == ["run-7"]


@pytest.mark.parametrize(("remaining", "more"), [(19_000, True), (21_000, False)])
def test_no_page_is_begun_that_might_not_be_queued_to_its_end(stripe: CatchingUp, remaining: int, more: bool) -> None:
    """A page may bring a hundred messages, and of one that is cut off the next run reads all again."""
    assert app.lambda_handler({"job": "catch_up"}, FakeContext(remaining=remaining))["more"] is more


@pytest.mark.parametrize("job", ["catch_up", "catch_up_undelivered"])
def test_a_run_that_could_not_read_fails(stripe: CatchingUp, job: str) -> None:
    """F49: Lambda starts it again, and alarms go by its count of errors."""
    stripe.calls.broken["page"] = StripeUnavailable("Stripe is down")
    with pytest.raises(StripeUnavailable):
        app.lambda_handler({"job": job}, FakeContext(remaining=60_000))
