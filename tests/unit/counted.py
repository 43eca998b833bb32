"""What is counted: by each function of ours, under which name and dimensions; and what AWS counts by itself.

F13, F30, F64. What our functions count is read from what they print, when that happens which it is about. A name that
was only searched for in the code would say nothing of its dimensions, or of the function that counts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from typing import Any

import pytest

from billing.observability import metrics
from local.template import Model
from local.template.model import Function
from tests.unit import happenings as happens
from tests.unit.quarantining import at_a_first_checkout, at_a_first_portal, reaches

type Counted = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name and its dimensions."""

OF_AWS: Mapping[str, tuple[frozenset[str], str, str]] = {
    # names, the dimension, and the type of what it names
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": (
        frozenset(
            {
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesVisible",
                "NumberOfMessagesSent",
            }
        ),
        *("QueueName", "AWS::SQS::Queue"),
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": (frozenset({"Errors", "Throttles", "Invocations"}), "FunctionName", "AWS::Lambda::Function"),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    "AWS/ApiGateway": (frozenset({"4xx", "5xx", "Count", "Latency"}), "ApiId", "AWS::ApiGatewayV2::Api"),
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    "AWS/EventBridge/Pipes": (
        frozenset({"ExecutionFailed", "ExecutionPartiallyFailed", "ExecutionTimeout", "ExecutionThrottled"}),
        "PipeName",
        "AWS::Pipes::Pipe",
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": (
        frozenset({"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"}),
        *("TableName", "AWS::DynamoDB::Table"),
    ),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    "AWS/Logs": (frozenset({"IncomingBytes"}), "LogGroupName", "AWS::Logs::LogGroup"),
}

_OWN: Mapping[str, tuple[Callable[[], None], ...]] = {
    "WebhookFunction": (happens.at_the_webhook,),
    "EventConsumerFunction": (happens.in_the_queue,),
    "CreateCheckoutFunction": (happens.at_a_checkout, at_a_first_checkout),
    "SubscriptionsFunction": (happens.at_a_change, at_a_first_portal),
    "AccountFunction": (lambda: happens.at_redis(happens.reading),),
    "CreditsFunction": (happens.at_a_spend,),
    "ReconcileFunction": (happens.on_the_schedule,),
    "CatchUpFunction": (happens.in_the_list,),
    "LedgerWatchFunction": (happens.in_the_ledger,),
}
_SHARED: Mapping[str, Callable[[], None]] = {
    # what counts, for whichever function reaches it
    "services/converge.py": happens.at_a_purchase,
    "adapters/stripe_api/client.py": happens.asking_stripe,
    "adapters/upstash_cache.py": lambda: happens.at_redis(happens.locking),
    "http/handler.py": happens.behind_a_route,
}


def counted_by(model: Model) -> set[Counted]:
    """Name and dimensions of all that the functions print, each with the environment that the template gives it."""
    found: set[Counted] = set()
    for name, function in model.functions.items():
        shared = [happen for module, happen in _SHARED.items() if reaches(function.code_dir, module)]
        for line in printed((*_OWN.get(name, ()), *shared), function.environment):
            [directive] = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "Plumbline/dev-test"
            [names] = directive["Dimensions"]
            dimensions = frozenset((name, line[name]) for name in names)
            found |= {(metric["Name"], dimensions) for metric in directive["Metrics"]}
    return found


def printed(happenings: Iterable[Callable[[], None]], environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines of metrics that a function prints meanwhile."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
            patched.setenv(name, environment[name])
        metrics.cache_clear()  # another function's process: what is kept has read the names of the one before
        output = io.StringIO()
        with redirect_stdout(output):
            for happen in happenings:
                happen()
            metrics().flush()
        metrics.cache_clear()
    return [json.loads(line) for line in output.getvalue().splitlines() if line.startswith('{"_aws"')]


def services(functions: Iterable[Function]) -> set[str]:
    """The names that these functions have in the dimension `service`."""
    return {function.environment["POWERTOOLS_SERVICE_NAME"] for function in functions}
