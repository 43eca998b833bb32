"""Look things up among the template's resources: by type, by name, and the code on disk behind them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from local.template import names
from local.template.errors import TemplateError
from local.template.expand import LOCAL_CODE
from local.template.intrinsics import Resolver

_NAME_PROPERTY = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Pipes::Pipe": "Name",
}


class Resources:
    """The resources whose condition holds."""

    resolver: Resolver

    def __init__(self, expanded: dict[str, Any], source: dict[str, Any], root: Path) -> None:
        self._all = expanded
        self._source = source
        self._root = root

    def of(self, kind: str) -> list[str]:
        """Logical ids of the resources of one type, in the template's order."""
        return [
            logical_id
            for logical_id, resource in self._all.items()
            if resource.get("Type") == kind
            and ("Condition" not in resource or self.resolver.holds(resource["Condition"]))
        ]

    def kind(self, logical_id: str) -> str:
        if logical_id not in self._all:
            raise TemplateError(f"{logical_id} is referred to, but is neither a parameter nor a resource.")
        return str(self._all[logical_id]["Type"])

    def properties(self, logical_id: str, only: Collection[str] | None = None) -> dict[str, Any]:
        """The resolved properties; what only IAM or monitoring reads is left out, so it need not be resolvable."""
        ignored = {
            *("Role", "Policies", "Tags", "KmsMasterKeyId", "SSESpecification", "DeadLetterConfig", "RoleArn"),
            *("LoggingConfig", "AccessLogSettings", "DestinationConfig"),
        }
        raw = self._all[logical_id].get("Properties", {})
        kept = {key: value for key, value in raw.items() if (key in only if only else key not in ignored)}
        if isinstance(kept.get("Target"), dict):
            kept["Target"] = {key: value for key, value in kept["Target"].items() if key not in ignored}
        resolved: dict[str, Any] = self.resolver.value(kept)
        return resolved

    def keys(self, logical_id: str) -> set[str]:
        """Names of the properties that are there, also of those that are not resolved."""
        return set(self._all[logical_id].get("Properties", {}))

    def name(self, logical_id: str) -> str:
        """The physical name: the one the template gives, else the stack's and the logical id."""
        kind = self.kind(logical_id)
        given = self._all[logical_id].get("Properties", {}).get(_NAME_PROPERTY.get(kind, ""))
        if given is not None:
            return str(self.resolver.value(given))
        if kind in _NAME_PROPERTY and kind != "AWS::Lambda::Function":
            return f"{names.STACK_NAME}-{logical_id}"
        return logical_id

    def code_dir(self, logical_id: str) -> Path:
        code = self._all[logical_id]["Properties"].get("Code", {})
        return self._directory(logical_id, code.get("S3Key"))

    def layer_dir(self, reference: str) -> Path:
        """The directory a layer puts on `sys.path`.

        With a BuildMethod, `sam build` moves the contents of ContentUri below `python/` (`system.md`, "SAM detail"), so
        ContentUri itself is importable; without one ContentUri is the layer's root, and `python/` in it is.
        """
        if reference not in self._all or self._all[reference]["Type"] != "AWS::Lambda::LayerVersion":
            raise TemplateError(f"The layer {reference} is no layer of this template, so it cannot be used locally.")
        key = self._all[reference]["Properties"]["Content"]["S3Key"]
        directory = self._directory(reference, key)
        return directory if self._is_built(key) else directory / "python"

    def _is_built(self, key: str) -> bool:
        for resource in self._source.values():
            uri = resource.get("Properties", {}).get("ContentUri")
            if isinstance(uri, str) and self._directory("", uri) == self._directory("", key):
                return "BuildMethod" in resource.get("Metadata", {})
        return False

    def _directory(self, logical_id: str, key: Any) -> Path:
        if not isinstance(key, str):
            raise TemplateError(
                f"{logical_id}: code must be a directory of this repository ({LOCAL_CODE} only inside)."
            )
        directory = Path(key) if key.startswith("/") else self._root / key
        if logical_id and not directory.is_dir():
            raise TemplateError(f"{logical_id}: the directory {directory} does not exist.")
        return directory.resolve()
