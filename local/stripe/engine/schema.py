"""Check parameters against the official SDK's own parameter types (`stripe.params.*`, TypedDicts).

The SDK is generated from Stripe's OpenAPI document, so its types are the nearest thing to Stripe's own validation that
is installed here: an unknown name, a wrong type or a value outside an enumeration is refused with Stripe's body.
"""

from __future__ import annotations

import importlib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from stripe._request_options import RequestOptions
from typing_extensions import is_typeddict

from local.stripe.engine.errors import METADATA_KEYS, refused_parameter, too_many_keys

_METADATA_KEY, _METADATA_VALUE = 40, 500
"""Characters."""
_NESTED = (dict, list, Mapping)
_TRANSPORT = frozenset(RequestOptions.__annotations__)
"""Keys that the SDK takes beside the parameters and never sends in the body."""


@cache
def params_type(reference: str) -> type:
    """Find a TypedDict by "module:Class" below `stripe.params`; imported when first used, to keep the start short."""
    module, _, name = reference.partition(":")
    found: type = getattr(importlib.import_module("stripe.params." + module), name)
    return found


@cache
def _fields(schema: type) -> dict[str, _Allowed]:
    own = {name: hint for name, hint in schema.__annotations__.items() if name not in _TRANSPORT}
    module = importlib.import_module(schema.__module__)
    hints = typing.get_type_hints(
        types.new_class("Own", (), {}, lambda body: body.update(__annotations__=own)), vars(module)
    )
    return {name: _allowed(hint) for name, hint in hints.items()}


@cache
def _required(schema: type) -> frozenset[str]:
    return frozenset(vars(schema)["__required_keys__"]) - _TRANSPORT


def check(params: Mapping[str, Any], schema: type) -> dict[str, Any]:
    """Return the parameters with their true types, or raise the ApiError that Stripe would answer."""
    return _hash(params, schema, "")


def _hash(values: Mapping[str, Any], schema: type, path: str) -> dict[str, Any]:
    fields = _fields(schema)
    unknown = [_name(path, key) for key in values if key not in fields]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise refused_parameter(
            f"Received unknown parameter{plural}: {', '.join(unknown)}", param=unknown[0], code="parameter_unknown"
        )
    if not _required(schema) <= values.keys():
        name = _name(path, next(key for key in fields if key in _required(schema) and key not in values))
        raise refused_parameter(f"Missing required param: {name}.", param=name, code="parameter_missing")
    return {key: _value(value, fields[key], _name(path, key)) for key, value in values.items() if value is not None}


def _name(path: str, key: str) -> str:
    return f"{path}[{key}]" if path else key


def _alternatives(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return [each for option in get_args(hint) for each in _alternatives(option)]
    return [hint]


@dataclass(frozen=True)
class _Allowed:
    """What a hint allows."""

    unset: bool
    """An empty text."""
    choices: list[str]
    """Other texts by name."""
    others: list[Any]
    """Other types."""
    numbers: list[Any]
    elements: _Allowed | None
    """What a list of it holds; None where there is no list."""
    hash: type | None
    """The type of a hash with members of its own."""
    mapped: _Allowed | None
    """What a hash with any names holds."""


@cache
def _allowed(hint: Any) -> _Allowed:
    options = _alternatives(hint)
    texts = [text for option in options if get_origin(option) is Literal for text in get_args(option)]
    others = [option for option in options if get_origin(option) is not Literal]
    lists = [_allowed(get_args(option)[0]) for option in others if get_origin(option) is list]
    mapped = [_allowed(get_args(option)[1]) for option in others if get_origin(option) is dict]
    return _Allowed(
        unset="" in texts,
        choices=[text for text in texts if text != ""],
        others=others,
        numbers=[option for option in others if option in (int, float)],
        elements=lists[0] if lists else None,
        hash=next((option for option in others if is_typeddict(option)), None),
        mapped=mapped[0] if mapped else None,
    )


def _value(value: Any, allowed: _Allowed, path: str) -> Any:
    if value == "":
        return _empty(allowed, path)
    if value.__class__ is not str and isinstance(value, _NESTED):
        return _nested(value, allowed, path)
    if not allowed.choices:
        return _scalar(value, allowed.others, path)
    if value in allowed.choices:
        return value
    if not allowed.numbers:
        raise refused_parameter(f"Invalid {path}: must be one of {_listed(allowed.choices)}", param=path)
    return _scalar(value, allowed.numbers, path)


def _empty(allowed: _Allowed, path: str) -> str:
    if allowed.unset:
        return ""
    raise refused_parameter(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value.",
        param=path,
        code="parameter_invalid_empty",
    )


def _nested(value: Mapping[str, Any] | list[Any], allowed: _Allowed, path: str) -> Any:
    if allowed.elements is not None:
        return [_value(each, allowed.elements, f"{path}[{i}]") for i, each in enumerate(_elements(value, path))]
    if isinstance(value, Mapping):
        if allowed.hash is not None:
            return _hash(value, allowed.hash, path)
        if allowed.mapped is not None:
            inside = allowed.mapped
            mapped = {key: "" if each == "" else _value(each, inside, f"{path}[{key}]") for key, each in value.items()}
            return _metadata(mapped, path) if path == "metadata" or path.endswith("[metadata]") else mapped
        raise refused_parameter(f"Invalid {path}: expected a scalar, got a hash", param=path)
    raise refused_parameter(f"Invalid {path}: expected a scalar, got an array", param=path)


def _metadata(given: dict[str, Any], path: str) -> dict[str, Any]:
    """https://docs.stripe.com/api/metadata"""
    if len(given) > METADATA_KEYS:
        raise refused_parameter(too_many_keys(len(given)), param=path)
    for key, value in given.items():
        for noun, text, most in (("key", key, _METADATA_KEY), ("value", str(value), _METADATA_VALUE)):
            if len(text) > most:
                raise refused_parameter(
                    f"Metadata {noun}s can have up to {most} characters, but you passed in a {noun} that is "
                    f"{len(text)} characters. Invalid {noun}: {text}",
                    param=path,
                )
    return given


def _elements(value: Mapping[str, Any] | list[Any], path: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if not all(key.isascii() and key.isdigit() for key in value):
        raise refused_parameter("Invalid array", param=path)
    return [value[key] for key in sorted(value, key=int)]


def _scalar(value: Any, options: list[Any], path: str) -> Any:
    text = str(value)
    if bool in options:
        if value in (True, False) or text in ("true", "false"):
            return value if isinstance(value, bool) else text == "true"
        raise refused_parameter(f"Invalid boolean: {text}", param=path)
    if int in options:
        return _integer(text, path)
    if float in options:
        return _decimal(text, path, float)
    if Decimal in options:
        return _decimal(text, path, str)
    if str in options:
        return text
    if any(get_origin(option) is list for option in options):
        raise refused_parameter("Invalid array", param=path)
    raise refused_parameter("Invalid object", param=path)


def _integer(text: str, path: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise refused_parameter(f"Invalid integer: {text}", param=path, code="parameter_invalid_integer")
    return int(text)


def _decimal(text: str, path: str, kind: type[float | str]) -> float | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise refused_parameter(f"Invalid decimal: {text}", param=path, code="parameter_invalid_number") from None
    return kind(text)


def _listed(choices: list[str]) -> str:
    return " or ".join(choices) if len(choices) < 3 else ", ".join(choices[:-1]) + ", or " + choices[-1]
