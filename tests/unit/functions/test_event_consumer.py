"""The consumer's handler: what it reads of a record, and how much time it leaves to the last converge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing.errors import StripeUnavailable
from functions.event_consumer import app
from tests.fakes.core import Core, a_notice
from tests.fakes.lambda_events import FakeContext
from tests.fakes.snapshots import SESSION, an_order


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    """Alice has paid for 500 credits."""
    core = Core()
    core.has_customer()
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    monkeypatch.setattr(app, "consumer_dependencies", lambda: core.consume)
    return core


def consumed(received: int = 1, remaining: int = 60_000) -> list[str]:
    """Deliver one event, received so often, with so many milliseconds left; what must be delivered again."""
    record: dict[str, Any] = {
        "messageId": "m1",
        "receiptHandle": "receipt-1",
        "body": json.dumps(a_notice().to_message()),
        "attributes": {"ApproximateReceiveCount": str(received)},
        "messageAttributes": {},
    }
    answer = app.lambda_handler({"Records": [record]}, FakeContext(remaining=remaining))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.mark.parametrize(("received", "seconds"), [(1, 11), (5, 180), (8, 675)])
def test_what_fails_waits_the_longer_the_oftener_it_was_received(core: Core, received: int, seconds: int) -> None:
    """F23: SQS counts the receives, and tells so with each record."""
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert consumed(received) == ["m1"]
    assert core.queue.delayed == [("receipt-1", seconds)]


@pytest.mark.parametrize(("remaining", "left"), [(11_000, ["m1"]), (13_000, [])])
def test_nothing_begins_with_less_time_than_a_converge_may_take(core: Core, remaining: int, left: list[str]) -> None:
    """F11: a function that is cut off in the middle has paid for its Stripe reads in vain."""
    assert consumed(remaining=remaining) == left
    assert core.granted() == ([] if left else [("PURCHASE", 500)])
