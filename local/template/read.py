"""Build the model from the expanded template and the parameters."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.template import names
from local.template.errors import TemplateError
from local.template.events import read_mappings, read_schedules, refuse_silent_events
from local.template.expand import expand
from local.template.http_api import read_http_api
from local.template.intrinsics import Resolver
from local.template.model import Function, Model
from local.template.names import Addresses
from local.template.parameters import parameter_values
from local.template.pipes import read_bus_rules, read_pipes
from local.template.resources import Resources
from local.template.rules import refuse_broken_rules
from local.template.stores import read_queues, read_tables

_ARNS: Mapping[str, Callable[[str], str]] = {
    "AWS::SQS::Queue": names.queue_arn,
    "AWS::Lambda::Function": names.function_arn,
    "AWS::DynamoDB::Table": names.table_arn,
    "AWS::Events::EventBus": names.bus_arn,
}


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
        values = parameter_values(expanded.get("Parameters", {}), parameters)
        refuse_broken_rules(expanded.get("Rules", {}), values)
        self._resolver = Resolver(
            values,
            expanded.get("Conditions", {}),
            expanded.get("Mappings", {}),
            self._resource_value,
        )
        self._addresses = addresses
        self._source = source.get("Resources", {})
        self._resources.resolver = self._resolver

    def model(self) -> Model:
        refuse_silent_events(self._resources, self._source)
        queues, tables = read_queues(self._resources, self._addresses), read_tables(self._resources)
        apis = self._resources.of("AWS::ApiGatewayV2::Api")
        if len(apis) > 1:
            raise TemplateError(f"Only one HTTP API is supported locally, the template has {len(apis)}.")
        stages = [
            self._resources.properties(logical_id) for logical_id in self._resources.of("AWS::ApiGatewayV2::Stage")
        ]
        stage = stages[0] if stages else {}
        return Model(
            template=self._template,
            functions={f.logical_id: f for f in map(self._function, self._resources.of("AWS::Lambda::Function"))},
            api=read_http_api(apis[0], self._resources.properties(apis[0]), stage, self._function_of) if apis else None,
            queues=queues,
            tables=tables,
            mappings=read_mappings(self._resources, queues, self._function_of),
            schedules=tuple(read_schedules(self._resources, self._function_of)),
            pipes=tuple(read_pipes(self._resources, tables, queues)),
            bus_rules=tuple(read_bus_rules(self._resources, queues)),
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
