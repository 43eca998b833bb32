"""A consumer that can't be started: its events wait as long as while Stripe is down, and somebody is told (F23)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.sqs.models import sqs_backends

from billing.errors import BillingError
from functions.event_consumer import app
from functions.event_consumer.app import lambda_handler
from tests.fakes.core import a_notice
from tests.fakes.lambda_events import FakeContext
from tests.unit.functions.process import STRIPE, Environment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LEASE = 3000
"""Seconds that the queue would keep a message for by itself: more than any that is put off."""


class Queue:
    """The queue of this installation, with two events that were just received."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sqs: SQSClient = boto3.client("sqs")
        url = self._sqs.create_queue(QueueName="events")["QueueUrl"]
        monkeypatch.setenv("EVENTS_QUEUE_URL", url)
        for event in ("evt_1", "evt_2"):
            self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(a_notice(id=event).to_message()))
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=LEASE)["Messages"]
        self.received = {each["MessageId"]: each for each in found}

    def records(self, received: int) -> dict[str, Any]:
        """The batch, as if both had been received so often."""
        batch = [
            {
                "messageId": message,
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": {"ApproximateReceiveCount": str(received)},
            }
            for message, each in self.received.items()
        ]
        return {"Records": batch}

    def hidden(self) -> list[float]:
        """For how many more seconds each message is hidden."""
        region = self._sqs.meta.region_name
        messages = sqs_backends["123456789012"][region].queues["events"]._messages  # `messages` has the visible ones
        return [float(each.visible_at) / 1000 - time.time() for each in messages]


@pytest.fixture
def queue(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(monkeypatch)


def no_object(environment: Environment) -> None:
    environment.secrets.put_secret_value(SecretId=STRIPE, SecretString="sk_test_old")


def of_the_other_mode(environment: Environment) -> None:
    environment.store(STRIPE, key="sk_live_key")


def without_a_key(environment: Environment) -> None:
    environment.store(STRIPE, token="sk_test_old")


BROKEN: list[Callable[[Environment], None]] = [no_object, of_the_other_mode, without_a_key]


@pytest.mark.parametrize(("received", "least", "most"), [(1, 7, 15), (5, 120, 240), (50, 450, 900)])
@pytest.mark.parametrize("spoil", BROKEN)
def test_every_event_waits_the_longer_the_oftener_it_was_received(
    spoil: Callable[[Environment], None], received: int, least: int, most: int, environment: Environment, queue: Queue
) -> None:
    """That it fails, and does not merely name its messages, is what Lambda counts as an error."""
    spoil(environment)
    with pytest.raises(BillingError):
        lambda_handler(queue.records(received), FakeContext())
    assert [least - 5 <= seconds <= most for seconds in queue.hidden()] == [True, True]


def test_also_where_what_failed_was_foreseen_by_nobody(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is missing from the layer, say."""

    def missing() -> None:
        raise ImportError("No module named 'stripe'")

    monkeypatch.setattr(app, "consumer_dependencies", missing)
    with pytest.raises(ImportError):
        lambda_handler(queue.records(1), FakeContext())
    assert [seconds <= 15 for seconds in queue.hidden()] == [True, True]


@pytest.mark.parametrize(("remaining", "second_is_put_off"), [(20_000, True), (11_000, False)])
def test_one_that_cannot_be_put_off_keeps_no_other_from_it_while_there_is_time(
    remaining: int, second_is_put_off: bool, environment: Environment, queue: Queue
) -> None:
    """A queue that hangs takes seconds for each; cut off, the function would not even say what is wrong (F11)."""
    no_object(environment)
    batch = queue.records(1)
    batch["Records"][0]["receiptHandle"] = "of another delivery"
    with pytest.raises(BillingError):
        lambda_handler(batch, FakeContext(remaining=remaining))
    assert [seconds <= 15 for seconds in queue.hidden()] == [False, second_is_put_off]


@pytest.mark.parametrize("name", ["LEVELS", "STRIPE_API_KEY_SECRET", "UNKNOWN_CUSTOMERS"])
def test_also_where_a_setting_is_wrong(name: str, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(BillingError, match=name):
        lambda_handler(queue.records(1), FakeContext())
    assert [seconds <= 15 for seconds in queue.hidden()] == [True, True]


def test_it_says_what_is_wrong_and_counts_what_has_waited_for_long(
    environment: Environment, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    of_the_other_mode(environment)
    with pytest.raises(BillingError):
        lambda_handler(queue.records(8), FakeContext())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [said] = [line for line in lines if line.get("message") == "not started"]
    assert (said["level"], said["code"], said["error"]) == ("ERROR", "misconfigured", "Misconfigured")
    assert "sk_live_key" not in json.dumps(lines)
    assert [line["EventsLate"] for line in lines if "EventsLate" in line] == [[1.0, 1.0]]


def test_the_next_batch_finds_what_was_put_right(environment: Environment, queue: Queue) -> None:
    """Stripe refuses the key, so that all comes again: by their own names now, since the function is up."""
    no_object(environment)
    with pytest.raises(BillingError):
        lambda_handler(queue.records(1), FakeContext())
    environment.store(STRIPE, key="sk_test_new")
    answer = lambda_handler(queue.records(1), FakeContext(remaining=1))
    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == set(queue.received)
