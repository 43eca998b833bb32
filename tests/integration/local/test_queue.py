"""Event source mappings: what a function gets, what comes again, what ends in the dead-letter queue (F12-F14)."""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import Stack
from tests.integration.local.conftest import eventually, item

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="module")
def sqs(toy: Stack) -> Iterator["SQSClient"]:
    client = toy.sqs()
    yield client
    client.close()


def send(toy: Stack, sqs: "SQSClient", *wishes: dict[str, Any]) -> list[str]:
    entries = [{"Id": str(index), "MessageBody": json.dumps(wish)} for index, wish in enumerate(wishes)]
    answer = sqs.send_message_batch(QueueUrl=toy.queue_url("WorkQueue"), Entries=entries)  # type: ignore[arg-type]
    return [sent["MessageId"] for sent in answer["Successful"]]


def seen(toy: Stack, name: str) -> int:
    found = item(toy, f"seen#{name}")
    return int(found["seen"]["N"]) if found else 0


def in_queue(sqs: "SQSClient", url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])


def name() -> str:
    return uuid.uuid4().hex[:8]


def test_a_message_arrives_as_a_record_and_is_deleted(toy: Stack, sqs: "SQSClient") -> None:
    mine = name()
    wish = {"name": mine}
    (message_id,) = send(toy, sqs, wish)
    found = eventually(lambda: item(toy, f"seen#{mine}"))
    record = json.loads(found["last_record"]["S"])
    assert record.pop("receiptHandle")
    attributes = record.pop("attributes")
    assert attributes["ApproximateReceiveCount"] == "1"
    assert attributes["SentTimestamp"].isdecimal()
    body = json.dumps(wish)
    assert record == {
        "messageId": message_id,
        "body": body,
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:plumbline-local-WorkQueue",
        "awsRegion": "us-east-1",
    }
    eventually(lambda: in_queue(sqs, toy.queue_url("WorkQueue")) == 0 or None)
    time.sleep(2.5)  # longer than the visibility timeout: were it not deleted, it would come again
    assert seen(toy, mine) == 1


def dead(toy: Stack, sqs: "SQSClient", message_id: str) -> bool:
    """Whether the message is in the dead-letter queue; it is taken out of it."""
    url = toy.queue_url("DeadQueue")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if message["MessageId"] == message_id:
            return True
    return False


@pytest.mark.parametrize("wish", ["fail", "raise", "malformed"])
def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(wish: str, toy: Stack, sqs: "SQSClient") -> None:
    mine = name()
    (message_id,) = send(toy, sqs, {"name": mine, "do": wish})
    eventually(lambda: dead(toy, sqs, message_id) or None)
    assert seen(toy, mine) == 2, "received as often as maxReceiveCount says"


def test_only_the_failed_part_of_a_batch_comes_again(toy: Stack, sqs: "SQSClient") -> None:
    good, bad, also_good = name(), name(), name()
    _, failed, _ = send(toy, sqs, {"name": good}, {"name": bad, "do": "fail"}, {"name": also_good})
    eventually(lambda: dead(toy, sqs, failed) or None)
    assert (seen(toy, good), seen(toy, bad), seen(toy, also_good)) == (1, 2, 1)


def test_batches_run_side_by_side_up_to_maximum_concurrency(toy: Stack, sqs: "SQSClient") -> None:
    """Two at once, as the template says, and never three: the first batch stays until it has seen a second one."""
    names, place = [name() for _ in range(20)], name()
    for start in range(0, 20, 5):
        send(toy, sqs, *({"name": each, "meet": place} for each in names[start : start + 5]))
    spans = {eventually(lambda each=each: span(toy, each)) for each in names}  # type: ignore[misc]
    assert max(sum(start <= moment < end for start, end in spans) for moment, _ in spans) == 2


def span(toy: Stack, name: str) -> tuple[float, float] | None:
    """From when to when the invocation ran that handled this message."""
    found = (item(toy, f"seen#{name}") or {}).get("span")
    return None if found is None else (float(found["L"][0]["N"]), float(found["L"][1]["N"]))


def test_the_poller_waits_while_the_lambda_service_is_away(toy: Stack, sqs: "SQSClient") -> None:
    """Killed as a whole, workers and all; what was in flight comes again by its visibility."""
    mine = name()
    workers = toy.worker_pids("QueueWorkerFunction")
    toy.kill("lambda")
    send(toy, sqs, {"name": mine})
    eventually(lambda: seen(toy, mine) or None)
    assert not set(workers) & set(toy.worker_pids("QueueWorkerFunction"))


def test_the_poller_is_started_again(toy: Stack, sqs: "SQSClient") -> None:
    mine, before = name(), toy.pid("poller")
    toy.kill("poller")
    send(toy, sqs, {"name": mine})
    eventually(lambda: seen(toy, mine) or None)
    assert toy.pid("poller") != before


def test_schedules_invoke_with_their_input_or_the_standard_event(toy: Stack) -> None:
    """The toy's clock runs 60 times as fast: a minute is a second."""
    standard = eventually(lambda: item(toy, "tick#standard"))
    event = json.loads(standard["last_event"]["S"])
    assert (event["detail-type"], event["source"]) == ("Scheduled Event", "aws.events")
    assert event["resources"][0].startswith("arn:aws:events:us-east-1:123456789012:rule/TickFunction")
    with_input = eventually(lambda: item(toy, "tick#input"))
    assert json.loads(with_input["last_event"]["S"]) == {"mine": True}
    first = int(standard["seen"]["N"])
    eventually(lambda: int((item(toy, "tick#standard") or {})["seen"]["N"]) > first or None)
