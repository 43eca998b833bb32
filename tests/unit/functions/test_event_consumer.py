"""The consumer's handler: what it reads of a record, and how much time it leaves to the last converge."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from billing.errors import StripeUnavailable
from billing.services.consume_events import ConsumeDeps
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


def a_record(received: int = 1, **given: Any) -> dict[str, Any]:
    """A record of one event, received so often; `given` replaces what stands there, None leaves it out."""
    record = {
        "messageId": "m1",
        "receiptHandle": "receipt-1",
        "body": json.dumps(a_notice().to_message()),
        "attributes": {"ApproximateReceiveCount": str(received)},
        "messageAttributes": {},
        **given,
    }
    return {name: value for name, value in record.items() if value is not None}


def consumed(*records: dict[str, Any], remaining: int = 60_000) -> list[str]:
    """Deliver these, with so many milliseconds left; what must be delivered again."""
    answer = app.lambda_handler({"Records": list(records)}, FakeContext(remaining=remaining))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.mark.parametrize(("received", "seconds"), [(1, 11), (5, 180), (8, 675)])
def test_what_fails_waits_the_longer_the_oftener_it_was_received(core: Core, received: int, seconds: int) -> None:
    """F23: SQS counts the receives, and tells so with each record."""
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert consumed(a_record(received)) == ["m1"]
    assert core.queue.delayed == [("receipt-1", seconds)]


@pytest.mark.parametrize(("remaining", "left"), [(11_000, ["m1"]), (13_000, [])])
def test_nothing_begins_with_less_time_than_a_converge_may_take(core: Core, remaining: int, left: list[str]) -> None:
    """F11: a function that is cut off in the middle has paid for its Stripe reads in vain."""
    assert consumed(a_record(), remaining=remaining) == left
    assert core.granted() == ([] if left else [("PURCHASE", 500)])


def test_the_time_that_a_cold_start_takes_is_not_there_any_more(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """F11: what is left is asked once all is built, and building may wait for Secrets Manager."""
    began = core.clock.now()

    class Context(FakeContext):
        def get_remaining_time_in_millis(self) -> int:
            return 20_000 - (core.clock.now() - began) // timedelta(milliseconds=1)

    def built() -> ConsumeDeps:
        core.clock.sleep(9)
        return core.consume

    monkeypatch.setattr(app, "consumer_dependencies", built)
    answer = app.lambda_handler({"Records": [a_record()]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert core.granted() == []


ODD: dict[str, dict[str, Any]] = {
    "no attributes": {"attributes": None},
    "no count": {"attributes": {}},
    "a count in words": {"attributes": {"ApproximateReceiveCount": "x"}},
    "a count that is a number": {"attributes": {"ApproximateReceiveCount": 8}},
    "an endless count": {"attributes": {"ApproximateReceiveCount": "9" * 5000}},
    "no receipt": {"receiptHandle": None},
    "attributes in a list": {"attributes": [1]},
    "a receipt that is a number": {"receiptHandle": 5},
}


@pytest.mark.parametrize("given", ODD.values(), ids=ODD.keys())
def test_an_odd_record_is_consumed_like_any_other(core: Core, given: dict[str, Any]) -> None:
    """F13: written by hand, say. A record that fails the function would take the rest of its batch along."""
    assert consumed(a_record(messageId="m0", body="no message"), a_record(**given)) == ["m0"]
    assert core.granted() == [("PURCHASE", 500)]


@pytest.mark.parametrize("given", ODD.values(), ids=ODD.keys())
def test_an_odd_record_that_fails_waits_as_one_received_once(core: Core, given: dict[str, Any]) -> None:
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert consumed(a_record(**given)) == ["m1"]
    assert core.queue.delayed == [("" if "receiptHandle" in given else "receipt-1", 11)]


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {}}, {"key1": "value1"}, None, [], "x", 5])
def test_what_is_no_batch_is_an_empty_one(core: Core, event: Any) -> None:
    """A console's test event, say."""
    assert app.lambda_handler(event, FakeContext()) == {"batchItemFailures": []}


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, {"messageId": None}], ids=repr)
def test_what_is_no_record_is_a_malformed_message_and_takes_none_along(core: Core, odd: Any) -> None:
    """F13: Lambda takes an empty id for a failure of the whole batch, so that it is not deleted."""
    assert consumed(odd, a_record()) == [""]
    assert core.granted() == [("PURCHASE", 500)]


@pytest.mark.parametrize("given", [{"messageId": None}, {"messageId": 5}], ids=["none", "a number"])
def test_a_record_without_its_id_is_consumed_and_named_by_an_empty_one_if_it_fails(
    core: Core, given: dict[str, Any]
) -> None:
    assert consumed(a_record(**given)) == []
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    another = a_notice("customer.updated", id="evt_2", related={})
    assert consumed(a_record(body=json.dumps(another.to_message()), **given)) == [""]


@pytest.mark.parametrize("body", [None, 5, {"v": 1}, b"{}"], ids=["none", "a number", "an object", "bytes"])
def test_a_body_that_is_no_text_is_a_malformed_message(core: Core, body: Any) -> None:
    """F13."""
    assert consumed(a_record(messageId="m0", body=body), a_record()) == ["m0"]
    assert core.granted() == [("PURCHASE", 500)]
    assert core.log.messages.count("malformed message") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"related": {"invoice": "sub_1"}}, "related"),
        ({"v": 2}, "v"),
        ({"detail-type": "invoice.paid", "source": "aws.s3"}, "source"),
        ({"detail-type": "invoice.paid", "source": "aws.partner/stripe.com/ed_1"}, "event"),
    ],
    ids=["a related id", "another version", "an envelope of another sender", "an envelope without its event"],
)
def test_what_can_not_be_read_says_at_which_field(core: Core, change: dict[str, Any], field: str) -> None:
    """A person has to look at it in the dead-letter queue, and nothing else says what is wrong with it."""
    assert consumed(a_record(body=json.dumps(a_notice().to_message() | change))) == ["m1"]
    [said] = [line for line in core.log.lines if line.message == "malformed message"]
    assert said.ids["field"] == field
    assert len(str(said.ids["reason"])) > len("None")
