"""The events queue's consumer: make each account that an event concerns match Stripe, and record the event."""

from datetime import timedelta
from typing import Any

from billing.bootstrap.event_consumer import consumer_dependencies
from billing.observability import LambdaContext, observed, timed
from billing.services.consume_events import Message, consume_events

_LAST_CONVERGE = timedelta(seconds=12)
"""No converge begins with less than this left. One that still takes longer is cut off, and its events come again."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Consume a batch; the answer names the messages that must be delivered again.

    Its shape is that of ReportBatchItemFailures:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    with observed(context), timed("ConsumeTime"):
        deps = consumer_dependencies()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        deadline = deps.converge.clock.now() + left - _LAST_CONVERGE
        unfinished = consume_events([_message(record) for record in event["Records"]], deadline, deps)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(unfinished)]}


def _message(record: dict[str, Any]) -> Message:
    return Message(
        id=record["messageId"],
        body=record["body"],
        receipt=record["receiptHandle"],
        receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
    )
