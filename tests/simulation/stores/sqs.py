"""A client of SQS without an SQS: standard queues, which deliver at least once and in no order.

Messages become visible again when nobody has deleted them in time; one that was received too often goes to the
dead-letter queue at the next receive
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html). Which of the
visible ones come, and how many of them, is the scheduler's to decide, and so is a message that comes though it was
deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.simulation.stores.refusals import NotSimulated, refused

_LONGEST_HIDDEN = 43_200
_LARGEST = 1024 * 1024
_NAMED = "AWS.SimpleQueueService."
_ACCOUNT = "000000000000"
_ATTRIBUTES = {"AttributeNames", "MessageAttributeNames", "MessageSystemAttributeNames"}
_RECEIVE = {"QueueUrl", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds", *_ATTRIBUTES}


class Deliveries(Protocol):
    """What SQS leaves open, and a scheduler decides."""

    def pick(self, visible: int) -> int:
        """Which of so many visible messages comes next."""

    def enough(self, received: int) -> bool:
        """Whether a receive ends with so many messages, though more are there."""


class InOrder:
    """The queue that everybody hopes for."""

    def pick(self, visible: int) -> int:
        return 0

    def enough(self, received: int) -> bool:
        return False


@dataclass
class Message:
    """A message in a queue."""

    id: str
    body: str
    sent: float
    visible: float
    source: str
    """The queue that it was sent to first: a redrive takes it back there."""
    received: int = 0
    first_received: float | None = None
    last_received: float = 0.0

    @property
    def receipt(self) -> str:
        """The handle of the last receive: earlier ones have no effect any more."""
        return f"{self.id}/{self.received}"


class Queue:
    """One queue. `attributes` are those of CreateQueue."""

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.url = url_of(name)
        self.arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{name}"
        self.policy = attributes.get("RedrivePolicy")
        policy: dict[str, Any] = json.loads(self.policy or "{}")
        self.most_receives = int(policy["maxReceiveCount"]) if policy else None
        self.dead_letters = url_of(policy["deadLetterTargetArn"].rpartition(":")[2]) if policy else None
        self.hidden = int(attributes.get("VisibilityTimeout", 30))
        self.retained = int(attributes.get("MessageRetentionPeriod", 345_600))
        self.delay = int(attributes.get("DelaySeconds", 0))
        self.messages: list[Message] = []

    def find(self, handle: str) -> Message | None:
        """The message of a handle, if it is the handle of its last receive."""
        return next((message for message in self.messages if message.receipt == handle), None)


def url_of(name: str) -> str:
    """A queue's URL."""
    return f"https://sqs.us-east-1.amazonaws.com/{_ACCOUNT}/{name}"


class Sqs:
    """The calls of boto3's SQS client that this project, and Lambda on its behalf, makes. One thread."""

    def __init__(self, now: Callable[[], float], queues: Iterable[Queue], deliveries: Deliveries | None = None) -> None:
        """`now` answers in seconds."""
        self.queues = {queue.url: queue for queue in queues}
        self.deliveries: Deliveries = deliveries or InOrder()
        self._now = now
        self._made = 0

    def send_message(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
        _known(request, {"QueueUrl", "MessageBody", "DelaySeconds"}, "SendMessage")
        queue, body = self._queue(request, "SendMessage"), request["MessageBody"]
        if not body:
            raise _wrong("MissingParameter", "The request must contain the parameter MessageBody.", "SendMessage")
        if len(body.encode()) > _LARGEST:
            raise _wrong("InvalidParameterValue", "One or more parameters are invalid.", "SendMessage")
        message = self._new(body, request.get("DelaySeconds", queue.delay), queue.url)
        queue.messages.append(message)
        return {"MessageId": message.id}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
        _known(request, _RECEIVE, "ReceiveMessage")
        queue, most = self._queue(request, "ReceiveMessage"), request.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= 10:
            raise _wrong(
                "InvalidParameterValue", "Value for parameter MaxNumberOfMessages is invalid.", "ReceiveMessage"
            )
        hidden, now = request.get("VisibilityTimeout", queue.hidden), self._now()
        queue.messages = [message for message in queue.messages if message.sent + queue.retained > now]
        found: list[Message] = []
        visible = [message for message in queue.messages if message.visible <= now]
        while visible and len(found) < most and not self.deliveries.enough(len(found)):
            message = visible.pop(self.deliveries.pick(len(visible)))
            if queue.most_receives is not None and message.received >= queue.most_receives:
                self._bury(message, queue)
                continue
            message.received += 1
            message.last_received = now
            message.first_received = now if message.first_received is None else message.first_received
            message.visible = now + hidden
            found.append(message)
        return {"Messages": [_received(message) for message in found]} if found else {}

    def delete_message(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html

        An earlier handle than the last one, or one of a message that is gone, succeeds and deletes nothing.
        """
        _known(request, {"QueueUrl", "ReceiptHandle"}, "DeleteMessage")
        queue = self._queue(request, "DeleteMessage")
        self._refuse_no_handle(request["ReceiptHandle"], "DeleteMessage")
        message = queue.find(request["ReceiptHandle"])
        if message is not None:
            queue.messages.remove(message)
        return {}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html"""
        _known(request, {"QueueUrl", "Entries"}, "DeleteMessageBatch")
        name, entries = "DeleteMessageBatch", request["Entries"]
        self._queue(request, name)
        ids = [entry["Id"] for entry in entries]
        if not 1 <= len(ids) <= 10:
            raise _wrong(f"{_NAMED}{'TooManyEntriesInBatchRequest' if ids else 'EmptyBatchRequest'}", "1 to 10.", name)
        if len(set(ids)) != len(ids):
            raise _wrong(f"{_NAMED}BatchEntryIdsNotDistinct", "Id repeated.", name)
        for entry in entries:
            self.delete_message(QueueUrl=request["QueueUrl"], ReceiptHandle=entry["ReceiptHandle"])
        return {"Successful": [{"Id": each} for each in ids]}

    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""
        name = "ChangeMessageVisibility"
        _known(request, {"QueueUrl", "ReceiptHandle", "VisibilityTimeout"}, name)
        queue, seconds, now = self._queue(request, name), request["VisibilityTimeout"], self._now()
        self._refuse_no_handle(request["ReceiptHandle"], name)
        message = queue.find(request["ReceiptHandle"])
        if message is None:
            raise _wrong("InvalidParameterValue", "Reason: Message does not exist or is not available.", name)
        if message.visible <= now:
            raise _wrong(f"{_NAMED}MessageNotInflight", "The message is not in flight.", name)
        if not 0 <= seconds <= _LONGEST_HIDDEN or now + seconds > message.last_received + _LONGEST_HIDDEN:
            raise _wrong("InvalidParameterValue", "Total VisibilityTimeout for the message is beyond the limit.", name)
        message.visible = now + seconds
        return {}

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html"""
        _known(request, {"QueueUrl", "AttributeNames"}, "GetQueueAttributes")
        queue, now = self._queue(request, "GetQueueAttributes"), self._now()
        hidden = [message for message in queue.messages if message.visible > now]
        delayed = [message for message in hidden if message.received == 0]
        found = {
            "ApproximateNumberOfMessages": str(len(queue.messages) - len(hidden)),
            "ApproximateNumberOfMessagesDelayed": str(len(delayed)),
            "ApproximateNumberOfMessagesNotVisible": str(len(hidden) - len(delayed)),
            "QueueArn": queue.arn,
            **({"RedrivePolicy": queue.policy} if queue.policy else {}),
        }
        names = request["AttributeNames"]
        return {"Attributes": found if "All" in names else {name: found[name] for name in names}}

    def get_queue_url(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html"""
        _known(request, {"QueueName"}, "GetQueueUrl")
        return {"QueueUrl": self._queue({"QueueUrl": url_of(request["QueueName"])}, "GetQueueUrl").url}

    # ------------------------------------------------------------------------------------------------ what is no call

    def redrive(self, url: str) -> int:
        """Move every message of a dead-letter queue back, as StartMessageMoveTask does; how many. They are new ones."""
        dead = self.queues[url]
        moved, dead.messages = dead.messages, []
        for message in moved:
            self.queues[message.source].messages.append(self._new(message.body, 0, message.source))
        return len(moved)

    def again(self, url: str, message: Message) -> None:
        """Deliver a message once more though somebody has it, or has deleted it: at least once is all SQS promises."""
        message.visible = self._now()
        if message not in self.queues[url].messages:
            self.queues[url].messages.append(message)

    def _bury(self, message: Message, queue: Queue) -> None:
        queue.messages.remove(message)
        assert queue.dead_letters is not None
        message.visible = self._now()
        self.queues[queue.dead_letters].messages.append(message)

    def _new(self, body: str, delay: float, source: str) -> Message:
        self._made += 1
        return Message(f"message-{self._made:06}", body, self._now(), self._now() + delay, source)

    def _queue(self, request: Mapping[str, Any], operation: str) -> Queue:
        queue = self.queues.get(request["QueueUrl"])
        if queue is None:
            raise _wrong(f"{_NAMED}NonExistentQueue", "The specified queue does not exist.", operation)
        return queue

    def _refuse_no_handle(self, handle: str, operation: str) -> None:
        number, _, receive = handle.removeprefix("message-").partition("/")
        if not (number.isdecimal() and receive.isdecimal() and 0 < int(number) <= self._made):
            raise _wrong("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", operation)


def _received(message: Message) -> dict[str, Any]:
    assert message.first_received is not None
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": {
            "ApproximateReceiveCount": str(message.received),
            "SentTimestamp": str(int(message.sent * 1000)),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received * 1000)),
        },
    }


def _known(request: Mapping[str, Any], known: set[str], operation: str) -> None:
    if not request.keys() <= known:
        raise NotSimulated(f"{operation} with {request.keys() - known}")


def _wrong(code: str, message: str, operation: str) -> Exception:
    return refused(code, message, operation)
