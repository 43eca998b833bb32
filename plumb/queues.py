"""The events queue and its dead-letter queue, as SQS knows them."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


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
