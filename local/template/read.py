"""Build the model from the expanded template and the parameters."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.template import names
from local.template.errors import TemplateError
from local.template.expand import expand
from local.template.http_api import read_http_api
from local.template.intrinsics import Resolver
from local.template.model import EventSourceMapping, Function, Model, Queue, Schedule, Table
from local.template.names import Addresses
from local.template.pipes import read_bus_rules, read_pipes
from local.template.resources import Resources

_QUEUE_ATTRIBUTES = (
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "MaximumMessageSize",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
)
_TABLE_ARGUMENTS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)
_ARNS: Mapping[str, Callable[[str], str]] = {
    "AWS::SQS::Queue": names.queue_arn,
    "AWS::Lambda::Function": names.function_arn,
    "AWS::DynamoDB::Table": names.table_arn,
    "AWS::Events::EventBus": names.bus_arn,
}
_EVENTS = ("HttpApi", "SQS", "Schedule", "ScheduleV2")
"""The event types of a function that something here plays."""


def load_model(template: Path, parameters: Mapping[str, str], addresses: Addresses, cache_dir: Path) -> Model:
    """Read `template` with `parameters` laid over its defaults.

    Raises TemplateError, in one sentence, for a parameter that is unknown or missing and for anything the local system
    cannot play.
    """
    both = expand(template, cache_dir)
    reader = _Reader(template, both["source"], both["expanded"], parameters, addresses)
    return reader.model()


def declared_parameters(template: Path, cache_dir: Path) -> frozenset[str]:
    """The parameter names the template declares."""
    return frozenset(expand(template, cache_dir)["source"].get("Parameters", {}))


class _Reader:
    def __init__(
        self,
        template: Path,
        source: dict[str, Any],
        expanded: dict[str, Any],
        parameters: Mapping[str, str],
        addresses: Addresses,
    ) -> None:
        self._template = template
        self._resources = Resources(expanded.get("Resources", {}), source.get("Resources", {}), template.parent)
        self._resolver = Resolver(
            _parameter_values(expanded.get("Parameters", {}), parameters),
            expanded.get("Conditions", {}),
            expanded.get("Mappings", {}),
            self._resource_value,
        )
        self._addresses = addresses
        self._source = source.get("Resources", {})
        self._resources.resolver = self._resolver

    def model(self) -> Model:
        self._refuse_silent_events()
        queues = {queue.logical_id: queue for queue in map(self._queue, self._resources.of("AWS::SQS::Queue"))}
        apis = self._resources.of("AWS::ApiGatewayV2::Api")
        if len(apis) > 1:
            raise TemplateError(f"Only one HTTP API is supported locally, the template has {len(apis)}.")
        stages = [
            self._resources.properties(logical_id) for logical_id in self._resources.of("AWS::ApiGatewayV2::Stage")
        ]
        stage = stages[0] if stages else {}
        tables = {table.logical_id: table for table in map(self._table, self._resources.of("AWS::DynamoDB::Table"))}
        return Model(
            template=self._template,
            functions={f.logical_id: f for f in map(self._function, self._resources.of("AWS::Lambda::Function"))},
            api=read_http_api(apis[0], self._resources.properties(apis[0]), stage, self._function_of) if apis else None,
            queues=queues,
            tables=tables,
            mappings=tuple(
                self._mapping(logical_id, queues)
                for logical_id in self._resources.of("AWS::Lambda::EventSourceMapping")
                if not self._is_of_a_stream(logical_id)
            ),
            schedules=tuple(self._schedules()),
            pipes=tuple(read_pipes(self._resources, tables, queues)),
            bus_rules=tuple(read_bus_rules(self._resources, queues)),
        )

    def _refuse_silent_events(self) -> None:
        """Without this such an event would just never come: the translator turns it into resources nobody reads."""
        for logical_id in self._resources.of("AWS::Lambda::Function"):
            events = self._source.get(logical_id, {}).get("Properties", {}).get("Events") or {}
            for name, event in events.items():
                if event.get("Type") not in _EVENTS:
                    raise TemplateError(
                        f"{logical_id}: the event {name} is of type {event.get('Type')}, which cannot be played "
                        f"locally; {', '.join(_EVENTS)} can."
                    )

    def _resource_value(self, logical_id: str, attribute: str | None) -> Any:
        kind = self._resources.kind(logical_id)
        name = self._resources.name(logical_id)
        match kind, attribute:
            case "AWS::SQS::Queue", None | "QueueUrl":
                return names.queue_url(name, self._addresses)
            case _, "Arn" if kind in _ARNS:
                return _ARNS[kind](name)
            case "AWS::Lambda::Alias", None:
                return self._alias_arn(logical_id)
            case "AWS::DynamoDB::Table", "StreamArn":
                return names.stream_arn(name)
            case "AWS::ApiGatewayV2::Api", "ApiEndpoint":
                return self._addresses.api_url
            case "AWS::SQS::Queue", "QueueName":
                return name
            case _, None:
                return name
        raise TemplateError(f"{logical_id}.{attribute} ({kind}) has no value locally.")

    def _alias_arn(self, logical_id: str) -> str:
        properties = self._resources.properties(logical_id, only=("FunctionName", "Name"))
        return f"{names.function_arn(properties['FunctionName'])}:{properties['Name']}"

    def _function_of(self, arn: str, where: str) -> str:
        arn = names.unqualified(arn)
        for logical_id in self._resources.of("AWS::Lambda::Function"):
            if names.function_arn(self._resources.name(logical_id)) == arn or arn in (
                logical_id,
                self._resources.name(logical_id),
            ):
                return logical_id
        raise TemplateError(f"{where} points to {arn}, which is no function of this template.")

    def _function(self, logical_id: str) -> Function:
        properties = self._resources.properties(logical_id)
        runtime = str(properties.get("Runtime", ""))
        if not runtime.startswith("python"):
            raise TemplateError(f"{logical_id}: only Python functions run locally, not {runtime or 'images'}.")
        name = self._resources.name(logical_id)
        environment = properties.get("Environment", {}).get("Variables", {})
        return Function(
            logical_id=logical_id,
            name=name,
            arn=names.function_arn(name),
            handler=str(properties["Handler"]),
            code_dir=self._resources.code_dir(logical_id),
            layer_dirs=tuple(self._resources.layer_dir(layer) for layer in properties.get("Layers", [])),
            environment={key: str(value) for key, value in environment.items()},
            timeout=float(properties.get("Timeout", 3)),
            memory_mb=int(properties.get("MemorySize", 128)),
        )

    def _queue(self, logical_id: str) -> Queue:
        properties = self._resources.properties(logical_id)
        name = self._resources.name(logical_id)
        attributes = {key: _attribute(properties[key]) for key in _QUEUE_ATTRIBUTES if key in properties}
        if "RedrivePolicy" in properties:
            attributes["RedrivePolicy"] = _attribute(properties["RedrivePolicy"])
        return Queue(logical_id, name, names.queue_arn(name), names.queue_url(name, self._addresses), attributes)

    def _table(self, logical_id: str) -> Table:
        properties = self._resources.properties(logical_id)
        name = self._resources.name(logical_id)
        definition = {key: properties[key] for key in _TABLE_ARGUMENTS if key in properties}
        if "StreamSpecification" in properties:  # CloudFormation leaves out what CreateTable asks for
            definition["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
        ttl = properties.get("TimeToLiveSpecification", {})
        enabled = str(ttl.get("Enabled", "false")).lower() == "true"
        return Table(logical_id, name, {"TableName": name, **definition}, ttl["AttributeName"] if enabled else None)

    def _is_of_a_stream(self, logical_id: str) -> bool:
        """Whether a table's stream is the source. What is behind it only watches for what no code does."""
        return "/stream/" in str(self._resources.properties(logical_id).get("EventSourceArn"))

    def _mapping(self, logical_id: str, queues: Mapping[str, Queue]) -> EventSourceMapping:
        properties = self._resources.properties(logical_id)
        arn = properties.get("EventSourceArn")
        queue = next((queue for queue in queues.values() if queue.arn == arn), None)
        if queue is None:
            raise TemplateError(
                f"{logical_id}: only queues of this template are supported as event sources, not {arn}."
            )
        if "FilterCriteria" in properties:
            raise TemplateError(f"{logical_id}: FilterCriteria are not supported locally.")
        concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        return EventSourceMapping(
            logical_id=logical_id,
            function=self._function_of(str(properties["FunctionName"]), logical_id),
            queue=queue,
            batch_size=int(properties.get("BatchSize", 10)),
            window_seconds=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
            partial_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            maximum_concurrency=None if concurrency is None else int(concurrency),
            enabled=str(properties.get("Enabled", True)).lower() == "true",
        )

    def _schedules(self) -> list[Schedule]:
        found = []
        for logical_id in self._resources.of("AWS::Events::Rule"):
            properties = self._resources.properties(logical_id)
            if "ScheduleExpression" in properties and properties.get("State", "ENABLED") == "ENABLED":
                expression = properties["ScheduleExpression"]
                targets = properties.get("Targets", [])
                found += [self._schedule(logical_id, expression, target, "aws.events") for target in targets]
        for logical_id in self._resources.of("AWS::Scheduler::Schedule"):
            properties = self._resources.properties(logical_id)
            if properties.get("State", "ENABLED") == "ENABLED":
                expression = properties["ScheduleExpression"]
                found.append(self._schedule(logical_id, expression, properties["Target"], "aws.scheduler"))
        return found

    def _schedule(self, logical_id: str, expression: str, target: Mapping[str, Any], source: str) -> Schedule:
        from local.timer.expressions import parse  # the timer knows the language of expressions

        parse(expression, logical_id)
        kind, path = ("events", "rule") if source == "aws.events" else ("scheduler", "schedule/default")
        return Schedule(
            name=logical_id,
            function=self._function_of(str(target["Arn"]), logical_id),
            expression=expression,
            payload=target.get("Input"),
            source=source,
            arn=f"arn:{names.PARTITION}:{kind}:{names.REGION}:{names.ACCOUNT_ID}:{path}/{logical_id}",
        )


def _parameter_values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"The template declares no parameter {unknown[0]}.")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        if name in given:
            value = given[name]
        elif "Default" in declaration:
            value = str(declaration["Default"])
        else:
            raise TemplateError(f"The parameter {name} has no default and no value.")
        _check_parameter(name, declaration, value)
        is_list = declaration.get("Type") in {"CommaDelimitedList", "List<Number>", "List<String>"}
        values[name] = [part.strip() for part in value.split(",")] if is_list else value
    return values


def _check_parameter(name: str, declaration: Mapping[str, Any], value: str) -> None:
    """CloudFormation refuses such a value before it changes anything."""
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [str(item) for item in allowed]:
        raise TemplateError(f"The parameter {name} must be one of {', '.join(map(str, allowed))}, not {value!r}.")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise TemplateError(f"The parameter {name} must match {pattern}, which {value!r} does not.")
    _check_bounds(name, declaration, value)


def _check_bounds(name: str, declaration: Mapping[str, Any], value: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"""
    if declaration.get("Type") == "Number":
        try:
            measured = float(value)
        except ValueError as exc:
            raise TemplateError(f"The parameter {name} must be a number, not {value!r}.") from exc
        bounds, what = ("MinValue", "MaxValue"), "be"
    else:
        measured, bounds, what = len(value), ("MinLength", "MaxLength"), "have a length of"
    least, most = (declaration.get(bound) for bound in bounds)
    if least is not None and not measured >= float(least):
        raise TemplateError(f"The parameter {name} must {what} at least {least}, not {value!r}.")
    if most is not None and not measured <= float(most):
        raise TemplateError(f"The parameter {name} must {what} at most {most}, not {value!r}.")


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)
