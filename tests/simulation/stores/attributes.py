"""Attribute values in DynamoDB's own notation: what is one, what it weighs, how two compare.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from tests.simulation.stores.refusals import Invalid, unsent

type Attribute = dict[str, Any]
type Attributes = dict[str, Attribute]

_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,37}", re.ASCII).fullmatch
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_EXACT = Context(prec=38, traps=[Inexact, InvalidOperation])
_LARGEST = Decimal("9.9999999999999999999999999999999999999E+125")
_SMALLEST = Decimal("1E-130")
_LEVELS = 32
_SETS = {"SS": "string", "NS": "number", "BS": "binary"}
_BROKEN = "One or more parameter values were invalid: "
_HELD: dict[str, type[Any]] = {
    "S": str,
    "N": str,
    "B": bytes,
    "BOOL": bool,
    "NULL": bool,
    "L": list,
    "M": dict,
    **dict.fromkeys(_SETS, list),
}


def kept(values: Attributes) -> tuple[Attributes, int]:
    """The attributes as DynamoDB keeps them, and what they weigh in bytes, as it counts against 400 KB and 1 MB.

    They are the very same, unless a number or a set is written in another way. Raises Invalid, or the SDK's own
    ParamValidationError, for what is no attribute.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    try:
        return values, _weigh(values, 1)
    except _OtherwiseWrittenError:
        values = {name: _rewritten(attribute) for name, attribute in values.items()}
        return values, _weigh(values, 1)


class _OtherwiseWrittenError(Exception):
    """A number or a set is not in the notation that is kept."""


def _weigh(values: Attributes, level: int) -> int:
    """Check and weigh. Written for speed: every write passes here with all that it writes."""
    if "" in values:
        raise Invalid(f"{_BROKEN}Attribute name must not be empty")
    return _weigh_parts(values.values(), [*values], level)


def _weigh_parts(parts: Iterable[Attribute], texts: list[str], level: int) -> int:
    """Weigh the attributes of a map or a list, and along with them `texts`, such as their names."""
    total = 0
    for attribute in parts:
        try:
            ((kind, held),) = attribute.items()
        except (AttributeError, ValueError):
            raise _no_attribute(attribute) from None
        if kind == "S":
            texts.append(held)
        elif kind == "N" and held.__class__ is str and _CANONICAL(held):
            total += (len(held) + 3) // 2
        elif held is True and (kind == "NULL" or kind == "BOOL"):
            total += 1
        elif held.__class__ is dict and kind == "M" and level < _LEVELS:
            total += 3 + len(held) + _weigh(held, level + 1)
        elif held.__class__ is list and kind == "L" and level < _LEVELS:
            total += 3 + len(held) + (_weigh_parts(held, [], level + 1) if held else 0)
        else:
            total += _weigh_value(kind, held, level)
    try:
        text = "".join(texts)
    except TypeError:
        raise unsent("Invalid type for parameter S: no text") from None
    return total + (len(text) if text.isascii() else len(text.encode()))


def _weigh_value(kind: str, held: Any, level: int) -> int:
    if _HELD.get(kind) is not held.__class__:
        raise unsent(f"Invalid type for parameter {kind}, value: {held!r}, type: {type(held)}")
    if kind == "N":
        return _weigh_number(held)
    if kind in ("L", "M"):  # else it would not have come here
        raise Invalid(f"{_BROKEN}Nesting Levels have exceeded supported limits")
    if kind == "NULL" and held is not True:
        raise Invalid(f"{_BROKEN}Null attribute value types must have the value of true")
    if kind in _SETS:
        return _weigh_set(kind, held)
    return len(held) if kind == "B" else 1


def _weigh_number(text: str) -> int:
    """About a byte for two digits and one more: AWS itself says "approximately"."""
    if not _CANONICAL(text) and number(text) != text:
        raise _OtherwiseWrittenError
    return (len(text) + 3) // 2


def _weigh_set(kind: str, held: list[Any]) -> int:
    if not held:
        raise Invalid(f"{_BROKEN}An {_SETS[kind]} set  may not be empty")
    inside = bytes if kind == "BS" else str
    if not all(part.__class__ is inside for part in held):
        raise unsent(f"Invalid type for a part of parameter {kind}, value: {held!r}")
    parts = [number(part) for part in held] if kind == "NS" else held
    if len(set(parts)) != len(parts):
        raise Invalid(f"{_BROKEN}Input collection {held} contains duplicates.")
    ordered = _ordered(kind, parts)
    if ordered != held:
        raise _OtherwiseWrittenError
    return _weigh_parts([{kind[0]: part} for part in ordered], [], 1)


def _ordered(kind: str, parts: list[Any]) -> list[Any]:
    """A set's parts in the one order that makes two equal sets equal lists."""
    return sorted(parts, key=Decimal) if kind == "NS" else sorted(parts)


def _no_attribute(attribute: Any) -> Exception:
    if not isinstance(attribute, dict):
        return unsent(f"Invalid type for an attribute value, value: {attribute!r}, type: {type(attribute)}")
    if attribute:
        return Invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )
    return Invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")


def number(text: str) -> str:
    """The one way to write this number. Raises Invalid for none, or for one of over 38 digits or out of range."""
    if not _NUMBER.fullmatch(text):
        raise Invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return as_number(Decimal(text))


def as_number(value: Decimal) -> str:
    """A number's text. Raises Invalid where DynamoDB has no room for it."""
    try:
        exact = _EXACT.normalize(value)
    except (Inexact, InvalidOperation):
        raise Invalid("Attempting to store more than 38 significant digits in a Number") from None
    if exact and abs(exact) > _LARGEST:
        raise Invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        ) from None
    if exact and abs(exact) < _SMALLEST:
        raise Invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        ) from None
    return f"{exact:f}" if exact else "0"


def _rewritten(attribute: Attribute) -> Attribute:
    ((kind, held),) = attribute.items()
    match kind:
        case "N":
            return {"N": number(held)}
        case "NS":
            return {"NS": _ordered("NS", [number(part) for part in held])}
        case "SS" | "BS":
            return {kind: sorted(held)}
        case "L":
            return {"L": [_rewritten(part) for part in held]}
        case "M":
            return {"M": {name: _rewritten(part) for name, part in held.items()}}
        case _:
            return attribute


def in_order(left: Attribute, right: Attribute) -> int | None:
    """Below, equal or above as -1, 0, 1; None for two of different types, or of a type that has no order."""
    ((kind, one),) = left.items()
    if kind not in right or kind not in ("S", "N", "B"):
        return None
    other = right[kind]
    if kind == "N":
        one, other = Decimal(one), Decimal(other)
    return (one > other) - (one < other)  # by code point is by byte of UTF-8, as DynamoDB sorts text
