"""The queue as the event source mapping and an operator see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from billing.services.put_off import Message
from tests.simulation.stores.sqs import Queue, Sqs, url_of
from tests.simulation.world.chance import Chance

EVENTS, DEAD = url_of("events"), url_of("events-dead-letters")
_DAY = 86400


class Shuffled:
    """A standard queue keeps no order."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._label = ""
        self._received = 0
        self.orderly = False

    def begin(self, label: str) -> None:
        """A batch is received, for the invocation of this name."""
        self._label, self._received = label, 0

    def pick(self, visible: int) -> int:
        """Which of the visible messages comes next."""
        self._received += 1
        if self.orderly or visible == 1:
            return 0
        return self._chance.number((f"received/{self._label}", self._received), visible)

    def enough(self, received: int) -> bool:
        """As many as are asked for."""
        return False


def queues(now: Callable[[], float], shuffled: Shuffled) -> Sqs:
    """The events queue and its dead-letter queue, as template.yaml has them."""
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:events-dead-letters", "maxReceiveCount": 50}
    events = {
        "VisibilityTimeout": "180",
        "MessageRetentionPeriod": str(4 * _DAY),
        "RedrivePolicy": json.dumps(policy),
    }
    return Sqs(
        now,
        [Queue("events", events), Queue("events-dead-letters", {"MessageRetentionPeriod": str(14 * _DAY)})],
        shuffled,
    )


def receive(sqs: Sqs, most: int) -> list[Message]:
    """A batch for the consumer."""
    answer = sqs.receive_message(QueueUrl=EVENTS, MaxNumberOfMessages=most, AttributeNames=["All"])
    return [
        Message(
            id=each["MessageId"],
            body=each["Body"],
            receipt=each["ReceiptHandle"],
            receive_count=int(each["Attributes"]["ApproximateReceiveCount"]),
        )
        for each in answer.get("Messages", [])
    ]


def delete(sqs: Sqs, batch: Iterable[Message]) -> None:
    """Delete what the consumer has finished."""
    for each in batch:
        sqs.delete_message(QueueUrl=EVENTS, ReceiptHandle=each.receipt)


def again(sqs: Sqs, batch: Iterable[Message]) -> None:
    """Let messages be seen by the next receiver though somebody has them."""
    for each in batch:
        held = sqs.queues[EVENTS].find(each.receipt)
        assert held is not None
        sqs.again(EVENTS, held)


def bodies(sqs: Sqs) -> list[str]:
    """Every body that is in the queue or in its dead-letter queue."""
    return [message.body for queue in sqs.queues.values() for message in queue.messages]


def waiting(sqs: Sqs) -> int:
    """How many messages are in the queue, hidden ones too."""
    return len(sqs.queues[EVENTS].messages)


def dead(sqs: Sqs) -> int:
    """How many are in the dead-letter queue."""
    return len(sqs.queues[DEAD].messages)


def dies(sqs: Sqs, at: float) -> bool:
    """Whether SQS will have let go of a dead letter by then. Its days count from when it was sent first."""
    queue = sqs.queues[DEAD]
    return any(message.sent + queue.retained <= at for message in queue.messages)


def exhaust(sqs: Sqs, most: int) -> int:
    """Let the oldest messages have been received in vain as often as the queue allows: who receives them next is handed
    others, and they are dead letters. How many.
    """
    queue = sqs.queues[EVENTS]
    assert queue.most_receives is not None
    found = [each for each in queue.messages if each.received < queue.most_receives][:most]
    for message in found:
        message.received = queue.most_receives
    return len(found)


def redrive(sqs: Sqs) -> None:
    """Put the dead letters back, as SQS's own task does."""
    sqs.redrive(DEAD)
