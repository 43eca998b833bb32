"""The events queue and its dead-letter queue, as SQS knows them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from billing.ports.world import Clock
from plumb.errors import PlumbError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_POLL_SECONDS = 2.0


def counts(client: "SQSClient", url: str) -> tuple[int, int, str | None]:
    """Messages that wait, messages that somebody works on (both approximate), and the redrive policy.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    waiting = int(found["ApproximateNumberOfMessages"]) + int(found.get("ApproximateNumberOfMessagesDelayed", 0))
    return waiting, int(found["ApproximateNumberOfMessagesNotVisible"]), found.get("RedrivePolicy")


def dead_letter_queue(client: "SQSClient", redrive_policy: str | None) -> str | None:
    """URL of the queue that the policy names; None without one."""
    arn = json.loads(redrive_policy or "{}").get("deadLetterTargetArn")
    if not arn:
        return None
    return client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


def move_by_hand(client: "SQSClient", dead: str, source: str, most: int, seen: Callable[[int], None]) -> int:
    """Send each message again, then delete it; how many. Killed in between, one is in both queues: it changes nothing
    twice (failure-modes F10).
    """
    moved = 0
    while moved < most:
        received = client.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        if not received:
            break
        for message in received:
            client.send_message(QueueUrl=source, MessageBody=message["Body"])
            client.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
        seen(moved)
    return moved


def move_by_task(client: Any, dead: str, source: str, clock: Clock, seen: Callable[[int], None]) -> int:
    """Have SQS move them to the events queue, and wait for it; how many. Raises PlumbError when it fails.

    The destination is named: what EventBridge gave up came from no queue, and SQS would not know where to put it.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    """
    arn, destination = _arn(client, dead), _arn(client, source)
    handle = client.start_message_move_task(SourceArn=arn, DestinationArn=destination)["TaskHandle"]
    while True:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html: newest
        # first, and the handle is there only while the task runs
        task = client.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        seen(moved)
        if task["Status"] not in ("RUNNING", "CANCELLING"):
            break
        clock.sleep(_POLL_SECONDS)
    if task["Status"] != "COMPLETED":
        why = task.get("FailureReason", "no reason given")
        raise PlumbError(f"The move task {handle[:12]}… ended {task['Status']} after {moved} messages: {why}.")
    return moved


def _arn(client: Any, url: str) -> str:
    arn: str = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
