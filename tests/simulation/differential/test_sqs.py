"""SQS in memory against moto: the same messages come, stay hidden, end and go to the dead-letter queue.

Handles of earlier receives, and of messages that nobody holds, are left out: moto takes them, AWS does not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import boto3
import moto.sqs.models
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.simulation.stores.refusals import NotSimulated
from tests.simulation.stores.sqs import Queue, Sqs

ATTRIBUTES: dict[Any, str] = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600"}
DEAD_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"
POLICY = json.dumps({"deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 3})
CALLS = 400


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def milliseconds(self, *given: Any) -> float:
        return self.now * 1000


class Side:
    """One of the two, with its names of what the test calls `events` and `dead`, and its handles by body."""

    def __init__(self, client: Any, urls: dict[str, str]) -> None:
        self.client = client
        self.urls = urls
        self.handles: dict[str, str] = {}

    def receive(self, queue: str, **given: Any) -> list[tuple[str, str]]:
        messages = self.client.receive_message(
            QueueUrl=self.urls[queue], AttributeNames=["All"], WaitTimeSeconds=0, **given
        ).get("Messages", [])
        self.handles |= {each["Body"]: each["ReceiptHandle"] for each in messages}
        return sorted((each["Body"], each["Attributes"]["ApproximateReceiveCount"]) for each in messages)

    def counts(self, queue: str) -> dict[str, str]:
        found = self.client.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=["All"])["Attributes"]
        return {name: value for name, value in found.items() if name.startswith("ApproximateNumber")}

    def answer(self, call: str, **given: Any) -> str:
        try:
            getattr(self.client, call)(**given)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(moto.sqs.models, "unix_time", clock)
    monkeypatch.setattr(moto.sqs.models, "unix_time_millis", clock.milliseconds)
    return clock


@pytest.fixture
def pair(clock: Clock) -> Iterator[tuple[Side, Side]]:
    with mock_aws():
        client = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))
        dead = client.create_queue(QueueName="dead", Attributes=ATTRIBUTES)["QueueUrl"]
        events = client.create_queue(QueueName="events", Attributes={**ATTRIBUTES, "RedrivePolicy": POLICY})
        yield Side(client, {"events": events["QueueUrl"], "dead": dead}), ours(clock)


def ours(clock: Clock, **given: Any) -> Side:
    queues = [Queue("events", {**ATTRIBUTES, "RedrivePolicy": POLICY}), Queue("dead", ATTRIBUTES)]
    return Side(Sqs(clock, queues, **given), {queue.name: queue.url for queue in queues})


@pytest.mark.parametrize("seed", range(3))
def test_each_call_is_answered_as_moto_answers_it(pair: tuple[Side, Side], clock: Clock, seed: int) -> None:
    """A receive asks for all that is visible, since which of them come is not defined."""
    random, seen = Random(seed), Counter[str]()
    events = pair[1].client.queues[pair[1].urls["events"]]
    for number in range(CALLS):
        clock.now += random.choice((0, 1, 5, 31))
        held = [each.body for each in events.messages if each.received and each.visible > clock.now]
        one, other = (act(Random(seed * CALLS + number), side, held) for side in pair)
        assert one == other, f"call {number}"
        clock.now += 1 / 1024  # moto's messages come back a moment later than ours
        seen.update([one] if isinstance(one, str) else [count for _, count in one])
        assert [pair[0].counts(name) for name in pair[0].urls] == [pair[1].counts(name) for name in pair[1].urls]
    assert min(seen[text] for text in ("done", "1", "2", "3", "4")) > 3


def act(random: Random, side: Side, held: list[str]) -> Any:
    """One call by chance; `held` are the messages of `events` that somebody holds."""
    url, body = side.urls["events"], random.choice(held) if held else ""
    match random.randint(0, 6):
        case 0 | 1:
            delay = {"DelaySeconds": random.randint(1, 20)} if random.random() < 0.3 else {}
            return side.answer("send_message", QueueUrl=url, MessageBody=f"body {random.random()}", **delay)
        case 2 if held:
            seconds = random.choice((0, 1, 10, 900))
            handle = side.handles[body]
            given = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds}
            return side.answer("change_message_visibility", **given)
        case 3 if held:
            return side.answer("delete_message", QueueUrl=url, ReceiptHandle=side.handles[body])
        case 4 if held:
            entry = {"Id": "1", "ReceiptHandle": side.handles[body]}
            return side.answer("delete_message_batch", QueueUrl=url, Entries=[entry])
        case _:
            return side.receive(random.choice(("events", "events", "dead")), MaxNumberOfMessages=10)


@pytest.fixture
def alone(clock: Clock) -> Side:
    return ours(clock)


def one(side: Side, body: str = "body") -> str:
    """Send a message and receive it; its handle."""
    side.client.send_message(QueueUrl=side.urls["events"], MessageBody=body)
    side.receive("events")
    return side.handles[body]


def delayed(side: Side, handle: str, seconds: int) -> str:
    return side.answer(
        "change_message_visibility", QueueUrl=side.urls["events"], ReceiptHandle=handle, VisibilityTimeout=seconds
    )


def test_a_message_that_nobody_holds_can_not_be_hidden_longer(alone: Side, clock: Clock) -> None:
    handle = one(alone)
    assert delayed(alone, handle, 60) == "done"
    clock.now += 61
    assert delayed(alone, handle, 60) == "AWS.SimpleQueueService.MessageNotInflight"


def test_an_earlier_handle_hides_and_deletes_nothing(alone: Side, clock: Clock) -> None:
    earlier = one(alone)
    clock.now += 31
    alone.receive("events")
    assert delayed(alone, earlier, 60) == "InvalidParameterValue"
    assert alone.answer("delete_message", QueueUrl=alone.urls["events"], ReceiptHandle=earlier) == "done"
    assert len(alone.client.queues[alone.urls["events"]].messages) == 1


def test_nothing_is_hidden_for_more_than_twelve_hours(alone: Side, clock: Clock) -> None:
    handle = one(alone)
    clock.now += 20
    assert delayed(alone, handle, 43_200) == "InvalidParameterValue"
    assert delayed(alone, handle, 43_180) == "done"


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("send_message", {"MessageBody": ""}, "MissingParameter"),
        ("send_message", {"MessageBody": "x" * 1_048_577}, "InvalidParameterValue"),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("delete_message", {"ReceiptHandle": "made up"}, "ReceiptHandleIsInvalid"),
        ("delete_message_batch", {"Entries": []}, "AWS.SimpleQueueService.EmptyBatchRequest"),
    ],
)
def test_what_sqs_refuses_is_refused(alone: Side, call: str, given: dict[str, Any], code: str) -> None:
    assert alone.answer(call, QueueUrl=alone.urls["events"], **given) == code
    assert alone.answer(call, QueueUrl="https://sqs.nowhere", **given) == "AWS.SimpleQueueService.NonExistentQueue"


def test_messages_go_when_their_time_is_over(alone: Side, clock: Clock) -> None:
    one(alone)
    clock.now += 345_601
    assert alone.receive("events") == []
    assert alone.client.queues[alone.urls["events"]].messages == []


class Last:
    """The newest message first, one at a time."""

    def pick(self, visible: int) -> int:
        return visible - 1

    def enough(self, received: int) -> bool:
        return received == 1


def test_the_order_and_the_number_of_messages_are_the_schedulers(clock: Clock) -> None:
    side = ours(clock, deliveries=Last())
    for body in "abc":
        side.client.send_message(QueueUrl=side.urls["events"], MessageBody=body)
    assert [side.receive("events", MaxNumberOfMessages=10) for _ in range(3)] == [[(body, "1")] for body in "cba"]


def test_a_deleted_message_may_come_again(alone: Side) -> None:
    handle, queue = one(alone), alone.client.queues[alone.urls["events"]]
    message = queue.messages[0]
    alone.client.delete_message(QueueUrl=queue.url, ReceiptHandle=handle)
    alone.client.again(queue.url, message)
    assert alone.receive("events") == [("body", "2")]


def test_dead_letters_go_back_where_they_came_from_as_new_messages(alone: Side, clock: Clock) -> None:
    one(alone)
    for _ in range(3):
        clock.now += 31
        alone.receive("events")
    assert alone.client.redrive(alone.urls["dead"]) == 1
    assert alone.receive("events") == [("body", "1")]


def test_what_is_not_known_is_said_aloud(alone: Side) -> None:
    with pytest.raises(NotSimulated):
        alone.client.send_message(QueueUrl=alone.urls["events"], MessageBody="x", MessageGroupId="fifo")
