"""The events queue's consumer: make each account that an event concerns match Stripe, and record the event."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from billing.bootstrap.event_consumer import consumer_dependencies, put_off_dependencies
from billing.domain.ids import fits
from billing.observability import LambdaContext, log, observed, timed
from billing.services.consume_events import ConsumeDeps, consume_events
from billing.services.put_off import Message, put_off

_LAST_CONVERGE = timedelta(seconds=12)
"""No converge begins with less than this left. One that still takes longer is cut off, and its events come again."""

_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Consume a batch; the answer names the messages that must be delivered again.

    Its shape is that of ReportBatchItemFailures:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    with observed(context), timed("ConsumeTime"):
        messages = [_message(record) for record in _records(event)]
        deps = _world(messages, context)
        deadline = deps.converge.clock.now() + _left(context) - _LAST_CONVERGE
        unfinished = consume_events(messages, deadline, deps)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(unfinished)]}


def _world(messages: Sequence[Message], context: LambdaContext) -> ConsumeDeps:
    """Build the world, or put the batch off and fail (F23): a secret, say, is wrong, or can't be read.

    Left to the queue's own timeout, messages would be dead letters after two hours and a half (50 receives). It fails
    and does not answer with all of their ids, which is the same to the queue: the alarms and the releases go by
    Lambda's own count of errors (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html).
    """
    try:
        return consumer_dependencies()
    except Exception as error:  # whatever it is, the batch must wait; it is told, and raised again
        log().failure("not started", error)
        waiting = put_off_dependencies()
        for message in messages:
            if not put_off(message, 0, waiting) and _left(context) < _LAST_CONVERGE:
                break  # the queue hangs as well, and being cut off would tell nobody why
        raise


def _left(context: LambdaContext) -> timedelta:
    return timedelta(milliseconds=context.get_remaining_time_in_millis())


def _records(event: object) -> list[object]:
    """The batch; nothing is in it where the function was invoked with anything else, a console's test event, say."""
    found = event.get("Records") if isinstance(event, Mapping) else None
    return found if isinstance(found, list) else []


def _message(record: object) -> Message:
    """Anything may be missed: one odd record would fail the whole batch (F13).

    One without its id is named by an empty one if it fails: Lambda takes that for a failure of all, so nothing is lost
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
    """
    fields = record if isinstance(record, Mapping) else {}
    attributes = fields.get("attributes")
    count = attributes.get("ApproximateReceiveCount") if isinstance(attributes, Mapping) else None
    return Message(
        id=_text(fields.get("messageId")),
        body=_text(fields.get("body")),
        receipt=_text(fields.get("receiptHandle")),
        receive_count=int(fits(count, _COUNT) or 1),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
