"""What starts functions by itself: queues and schedules."""

from collections.abc import Mapping
from typing import Any

from local.template import names
from local.template.errors import TemplateError
from local.template.http_api import FunctionOf
from local.template.model import EventSourceMapping, Queue, Schedule
from local.template.resources import Resources
from local.template.schedule_expression import parse

_EVENTS = ("HttpApi", "SQS", "Schedule", "ScheduleV2")
"""The event types of a function that something here plays."""


def refuse_silent_events(resources: Resources, source: Mapping[str, Any]) -> None:
    """Without this such an event would just never come: the translator turns it into resources nobody reads."""
    for logical_id in resources.of("AWS::Lambda::Function"):
        events = source.get(logical_id, {}).get("Properties", {}).get("Events") or {}
        for name, event in events.items():
            if event.get("Type") not in _EVENTS:
                raise TemplateError(
                    f"{logical_id}: the event {name} is of type {event.get('Type')}, which cannot be played "
                    f"locally; {', '.join(_EVENTS)} can."
                )


def read_mappings(
    resources: Resources, queues: Mapping[str, Queue], function_of: FunctionOf
) -> tuple[EventSourceMapping, ...]:
    """Each queue's. Raises TemplateError for whatever of one is not played here."""
    return tuple(
        _mapping(resources, queues, function_of, logical_id)
        for logical_id in resources.of("AWS::Lambda::EventSourceMapping")
        if not _is_of_a_stream(resources, logical_id)
    )


def _is_of_a_stream(resources: Resources, logical_id: str) -> bool:
    """Whether a table's stream is the source. What is behind it only watches for what no code does."""
    return "/stream/" in str(resources.properties(logical_id).get("EventSourceArn"))


def _mapping(
    resources: Resources, queues: Mapping[str, Queue], function_of: FunctionOf, logical_id: str
) -> EventSourceMapping:
    properties = resources.properties(logical_id)
    arn = properties.get("EventSourceArn")
    queue = next((queue for queue in queues.values() if queue.arn == arn), None)
    if queue is None:
        raise TemplateError(f"{logical_id}: only queues of this template are supported as event sources, not {arn}.")
    if "FilterCriteria" in properties:
        raise TemplateError(f"{logical_id}: FilterCriteria are not supported locally.")
    concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
    return EventSourceMapping(
        logical_id=logical_id,
        function=function_of(str(properties["FunctionName"]), logical_id),
        queue=queue,
        batch_size=int(properties.get("BatchSize", 10)),
        window_seconds=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        partial_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        maximum_concurrency=None if concurrency is None else int(concurrency),
        enabled=str(properties.get("Enabled", True)).lower() == "true",
    )


def read_schedules(resources: Resources, function_of: FunctionOf) -> list[Schedule]:
    """Those that are switched on, of rules and of the scheduler. Raises TemplateError."""
    found = []
    for logical_id in resources.of("AWS::Events::Rule"):
        properties = resources.properties(logical_id)
        if "ScheduleExpression" in properties and properties.get("State", "ENABLED") == "ENABLED":
            expression = properties["ScheduleExpression"]
            targets = properties.get("Targets", [])
            found += [_schedule(function_of, logical_id, expression, target, "aws.events") for target in targets]
    for logical_id in resources.of("AWS::Scheduler::Schedule"):
        properties = resources.properties(logical_id)
        if properties.get("State", "ENABLED") == "ENABLED":
            expression = properties["ScheduleExpression"]
            found.append(_schedule(function_of, logical_id, expression, properties["Target"], "aws.scheduler"))
    return found


def _schedule(
    function_of: FunctionOf, logical_id: str, expression: str, target: Mapping[str, Any], source: str
) -> Schedule:
    parse(expression, logical_id)
    kind, path = ("events", "rule") if source == "aws.events" else ("scheduler", "schedule/default")
    return Schedule(
        name=logical_id,
        function=function_of(str(target["Arn"]), logical_id),
        expression=expression,
        payload=target.get("Input"),
        source=source,
        arn=f"arn:{names.PARTITION}:{kind}:{names.REGION}:{names.ACCOUNT_ID}:{path}/{logical_id}",
    )
