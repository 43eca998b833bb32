"""Resolve CloudFormation's intrinsic functions to the values they have on this machine."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.template.errors import TemplateError
from local.template.names import ACCOUNT_ID, PARTITION, REGION, STACK_NAME, URL_SUFFIX

NO_VALUE = object()
"""`AWS::NoValue`: the property is removed, as CloudFormation does."""

_PSEUDO: Mapping[str, Any] = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": PARTITION,
    "AWS::StackName": STACK_NAME,
    "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{STACK_NAME}/local",
    "AWS::URLSuffix": URL_SUFFIX,
    "AWS::NotificationARNs": [],
    "AWS::NoValue": NO_VALUE,
}
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")

Attribute = Callable[[str, str | None], Any]
"""(logical id, attribute or None for Ref) -> the value of a resource."""


class Resolver:
    """Resolves values lazily: only what the local system reads has to be resolvable."""

    def __init__(
        self,
        parameters: Mapping[str, Any],
        conditions: Mapping[str, Any],
        mappings: Mapping[str, Any],
        resource: Attribute,
    ) -> None:
        self._parameters = parameters
        self._conditions = conditions
        self._mappings = mappings
        self._resource = resource

    def value(self, node: Any) -> Any:
        """Return `node` with every intrinsic in it replaced; raise TemplateError for one that is not supported."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), *_ = node.items()
            if name == "Ref":
                return self._ref(str(argument))
            if name.startswith("Fn::"):
                return self._call(name[4:], argument)
        resolved = {key: self.value(item) for key, item in node.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def holds(self, name: str) -> bool:
        """Evaluate one condition of the template."""
        if name not in self._conditions:
            raise TemplateError(f"The condition {name} is used but not defined.")
        return self._test(self._conditions[name])

    def _ref(self, name: str) -> Any:
        if name in self._parameters:
            return self._parameters[name]
        if name in _PSEUDO:
            return _PSEUDO[name]
        return self._resource(name, None)

    def _call(self, name: str, argument: Any) -> Any:
        match name:
            case "GetAtt":
                logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
                return self._resource(str(logical_id), str(self.value(attribute)))
            case "Sub":
                return self._sub(argument)
            case "Join":
                separator, items = argument
                return str(separator).join(str(item) for item in self.value(items))
            case "Select":
                index, items = argument
                return self.value(items)[int(self.value(index))]
            case "Split":
                separator, text = argument
                return str(self.value(text)).split(str(separator))
            case "If":
                condition, then, otherwise = argument
                return self.value(then if self.holds(str(condition)) else otherwise)
            case "FindInMap":
                mapping, first, second = (self.value(part) for part in argument[:3])
                try:
                    return self._mappings[mapping][first][second]
                except KeyError as exc:
                    raise TemplateError(f"FindInMap finds no {mapping}.{first}.{second}.") from exc
            case "Equals" | "And" | "Or" | "Not":
                return self._test({f"Fn::{name}": argument})
        raise TemplateError(f"Fn::{name} is not supported locally.")

    def _sub(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument

        def replace(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return "${" + name + "}"
            if name in local:
                return str(self.value(local[name]))
            if "." in name:
                return str(self._resource(*name.split(".", 1)))
            return str(self._ref(name))

        return _PLACEHOLDER.sub(replace, text)

    def _test(self, node: Any) -> bool:
        if not isinstance(node, dict) or len(node) != 1:
            raise TemplateError("A condition must be one of Equals, And, Or, Not, Condition.")
        (name, argument), *_ = node.items()
        match name:
            case "Condition":
                return self.holds(str(argument))
            case "Fn::Equals":
                left, right = (self.value(side) for side in argument)
                return str(left) == str(right)
            case "Fn::And":
                return all(self._test(item) for item in argument)
            case "Fn::Or":
                return any(self._test(item) for item in argument)
            case "Fn::Not":
                return not self._test(argument[0])
        raise TemplateError(f"{name} is not supported in a condition.")
