"""The values of the template's parameters: what CloudFormation would refuse is refused here, before anything starts."""

import re
from collections.abc import Mapping
from typing import Any

from local.template.errors import TemplateError


def parameter_values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The given values over the defaults. Raises TemplateError for one that is unknown, missing or not allowed."""
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
