"""Event patterns: what of a record or an event a filter or a rule lets through.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.template.errors import TemplateError

_ABSENT = object()
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exists": lambda wanted, found: (found is not _ABSENT) is wanted,
    "prefix": lambda wanted, found: isinstance(found, str) and found.startswith(wanted),
}
_GIVEN: Mapping[str, type] = {"exists": bool, "prefix": str}


def refuse_unknown(pattern: Any, where: str) -> None:
    """Raise TemplateError for what is no pattern, and for what EventBridge knows and is not played here."""
    if not isinstance(pattern, dict) or not pattern:
        raise TemplateError(f"{where}: an event pattern is an object with members.")
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            refuse_unknown(wanted, f"{where}.{name}")
        elif not isinstance(wanted, list) or not wanted:
            raise TemplateError(f"{where}.{name}: what is wanted stands in a list.")
        else:
            for each in wanted:
                _refuse_operator(each, f"{where}.{name}")


def _refuse_operator(each: Any, where: str) -> None:
    if isinstance(each, dict):
        if len(each) != 1 or not all(isinstance(given, _GIVEN.get(name, ())) for name, given in each.items()):
            raise TemplateError(f"{where}: only {', '.join(_OPERATORS)} are supported locally, not {each}.")
    elif isinstance(each, list):
        raise TemplateError(f"{where}: a list in a list is no pattern.")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether every member fits, of which each has at least one of the values that are listed.

    `exists` is about leaves alone: of an object it holds that there is none.
    """
    return all(
        _fits(wanted, event.get(name, _ABSENT) if isinstance(event, dict) else _ABSENT)
        for name, wanted in pattern.items()
    )


def _fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        return matches(wanted, found)
    leaf = _ABSENT if isinstance(found, dict) else found
    held = leaf if isinstance(leaf, list) else [leaf]
    return any(_is(each, value) for each in wanted for value in held)


def _is(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        ((name, given),) = wanted.items()
        return _OPERATORS[name](given, found)
    return type(wanted) is type(found) and bool(wanted == found)
