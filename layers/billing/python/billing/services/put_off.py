"""Put a message off that has failed: the queue delivers it again, the later the oftener it was received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.errors import Retryable

if TYPE_CHECKING:
    from billing.ports.world import Log, Metrics, Queue, Randomness

_FIRST_DELAY = 15  # seconds, as are all delays of a queue
_LONGEST_DELAY = 900
_LATE = 8
"""Received so often, a message has waited for a quarter of an hour at the least. SQS leaves what was received three
times out of the age of its oldest message
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the queue delivers it."""

    id: str
    body: str
    receipt: str
    receive_count: int


@dataclass(frozen=True, slots=True)
class PutOffDeps:
    """What this needs of the world: neither Stripe nor a secret, for where these are missing everything is put off."""

    queue: Queue
    random: Randomness
    log: Log
    metrics: Metrics


def put_off(message: Message, wish: float, deps: PutOffDeps) -> bool:
    """Hide a message until its next try, for `wish` seconds at the least; False where the queue does not answer."""
    if message.receive_count >= _LATE:
        deps.metrics.count("EventsLate")
    longest = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(message.receive_count - 1, 10))
    seconds = max(longest / 2 + deps.random.upto(longest / 2), min(wish, _LONGEST_DELAY))
    try:
        deps.queue.delay(message.receipt, round(seconds))
    except Retryable:
        deps.log.warning("visibility not changed", message_id=message.id)  # the queue's own timeout holds
        return False
    return True
