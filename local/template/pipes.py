"""Pipes from the tables' streams, and rules of event buses that lead to queues."""

import json
from collections.abc import Iterator, Mapping

from local.template import event_pattern, input_template, names
from local.template.errors import TemplateError
from local.template.model import BusRule, Pipe, Queue, Table
from local.template.resources import Resources

_UNSEEN = frozenset({"Description", "LogConfiguration", "Name", "RoleArn"})
_READ = ("Source", "SourceParameters", "Target", "TargetParameters")
_OF_THE_STREAM = frozenset(
    {
        *("BatchSize", "DeadLetterConfig", "MaximumRecordAgeInSeconds", "OnPartialBatchItemFailure"),
        "StartingPosition",
    }
)


def read_pipes(resources: Resources, tables: Mapping[str, Table], queues: Mapping[str, Queue]) -> Iterator[Pipe]:
    """Each pipe. Raises TemplateError for whatever of one is not played here."""
    for logical_id in resources.of("AWS::Pipes::Pipe"):
        _refuse(logical_id, resources.keys(logical_id) - {*_READ, *_UNSEEN})
        properties = resources.properties(logical_id, only=_READ)
        source, target = properties["SourceParameters"], properties["TargetParameters"]
        _refuse(logical_id, source.keys() - {"DynamoDBStreamParameters", "FilterCriteria"})
        _refuse(logical_id, target.keys() - {"EventBridgeEventBusParameters", "InputTemplate"})
        stream, event = source["DynamoDBStreamParameters"], target["EventBridgeEventBusParameters"]
        _refuse(logical_id, stream.keys() - _OF_THE_STREAM)
        _refuse(logical_id, event.keys() - {"DetailType", "Source"})
        if stream["StartingPosition"] != "TRIM_HORIZON":
            raise TemplateError(f"{logical_id}: a pipe begins with the oldest record locally.")
        patterns = tuple(json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"])
        for each in patterns:
            event_pattern.refuse_unknown(each, logical_id)
        input_template.refuse_unknown(target["InputTemplate"], logical_id)
        yield Pipe(
            logical_id=logical_id,
            name=resources.name(logical_id),
            table=_one(
                {names.stream_arn(each.name): each for each in tables.values()}, properties["Source"], logical_id
            ),
            patterns=patterns,
            bus=str(properties["Target"]).partition(":event-bus/")[2],
            source=event["Source"],
            detail_type=event["DetailType"],
            input_template=target["InputTemplate"],
            batch_size=int(stream.get("BatchSize", 100)),
            dead_letters=_one(_by_arn(queues), stream["DeadLetterConfig"]["Arn"], logical_id),
        )


def read_bus_rules(resources: Resources, queues: Mapping[str, Queue]) -> Iterator[BusRule]:
    """Each rule that waits for events, by its bus. Raises TemplateError for a target that is no queue."""
    for logical_id in resources.of("AWS::Events::Rule"):
        properties = resources.properties(logical_id)
        if "EventPattern" not in properties:
            continue
        event_pattern.refuse_unknown(properties["EventPattern"], logical_id)
        for target in properties.get("Targets", []):
            _refuse(logical_id, target.keys() - {"Arn", "DeadLetterConfig", "Id"})
            queue = _one(_by_arn(queues), target["Arn"], logical_id)
            yield BusRule(str(properties.get("EventBusName", "default")), properties["EventPattern"], queue)


def _refuse(logical_id: str, unknown: set[str]) -> None:
    if unknown:
        raise TemplateError(f"{logical_id}: {', '.join(sorted(unknown))} cannot be played locally.")


def _by_arn(queues: Mapping[str, Queue]) -> Mapping[str, Queue]:
    return {queue.arn: queue for queue in queues.values()}


def _one[T](things: Mapping[str, T], arn: str, logical_id: str) -> T:
    if arn not in things:
        raise TemplateError(f"{logical_id}: {arn} is no table or queue of this template.")
    return things[arn]
