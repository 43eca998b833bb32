"""Dead letters by SQS's own move task, which moto has not: botocore's stubs play it."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from plumb.errors import PlumbError
from plumb.queues import move_by_task
from tests.fakes.world import FakeClock

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/events-dead"
ARN = "arn:aws:sqs:eu-central-1:123456789012:events-dead"


def moved(*tasks: dict[str, Any]) -> tuple[int, list[int]]:
    client = boto3.client("sqs", region_name="eu-central-1")
    seen: list[int] = []
    with Stubber(client) as stub:
        wanted = {"QueueUrl": URL, "AttributeNames": ["QueueArn"]}
        stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": ARN}}, wanted)
        stub.add_response("start_message_move_task", {"TaskHandle": "handle-of-the-task"}, {"SourceArn": ARN})
        for task in tasks:
            stub.add_response("list_message_move_tasks", {"Results": [task]}, {"SourceArn": ARN, "MaxResults": 1})
        found = move_by_task(client, URL, FakeClock(datetime(2026, 11, 27, tzinfo=UTC)), seen.append)
        stub.assert_no_pending_responses()
    return found, seen


def test_it_waits_until_the_task_is_through() -> None:
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3}
    assert moved(running, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7}) == (7, [3, 7])


def test_a_task_that_fails() -> None:
    failed = {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 2, "FailureReason": "AccessDenied"}
    with pytest.raises(PlumbError, match="ended FAILED after 2 messages: AccessDenied"):
        moved(failed)
