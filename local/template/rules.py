"""The template's `Rules`: what CloudFormation asserts of parameters together, before it makes anything.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html
"""

from collections.abc import Mapping
from typing import Any

from local.template.errors import TemplateError


def refuse_broken_rules(rules: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Raise TemplateError with the words of the first assertion that fails, or for a function that is not known."""
    for name, rule in rules.items():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], parameters, name):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], parameters, name):
                raise TemplateError(f"{assertion.get('AssertDescription', 'An assertion failed.')} (The rule {name}.)")


def _holds(node: Any, parameters: Mapping[str, Any], rule: str) -> bool:
    match node:
        case {"Fn::Equals": [left, right]}:
            return bool(_value(left, parameters, rule) == _value(right, parameters, rule))
        case {"Fn::Contains": [list() as values, searched]}:
            return _value(searched, parameters, rule) in [_value(each, parameters, rule) for each in values]
        case {"Fn::Not": [inner]}:
            return not _holds(inner, parameters, rule)
        case {"Fn::And": list() as inner}:
            return all(_holds(each, parameters, rule) for each in inner)
        case {"Fn::Or": list() as inner}:
            return any(_holds(each, parameters, rule) for each in inner)
    raise TemplateError(f"The rule {rule} asserts by {_named(node)}, which is not supported locally.")


def _value(node: Any, parameters: Mapping[str, Any], rule: str) -> str:
    """A text, or the value of a parameter: a rule sees no resource, for none is made yet."""
    match node:
        case {"Ref": str() as name} if name in parameters:
            return str(parameters[name])
        case str() | int():
            return str(node)
    raise TemplateError(f"The rule {rule} compares {_named(node)}, which is not supported locally.")


def _named(node: Any) -> str:
    return ", ".join(f"{name} {node[name]}" for name in node) if isinstance(node, dict) else repr(node)
