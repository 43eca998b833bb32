"""Domain objects to and from plain values, by the types of their fields.

Ours, and not pydantic's TypeAdapter: importing that and letting it look at these types took 90 ms of each start, and
these are few types (docs/decisions/0055). No value is converted to fit: a number is no text, 1 is no flag, and a time
without its zone is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from billing.domain.ids import UnfitError, iso_text, moment

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

type _Reader = Callable[[Any, str], Any]
"""Turns a plain value into what a field holds; raises UnfitError with the name that it is given."""


def read[T: DataclassInstance](kind: type[T], values: Mapping[str, Any]) -> T:
    """Make an object of plain values; raise UnfitError, naming the field, where one does not fit or is missing.

    What the object has no field for is left alone: an item has keys of its own, and a later release may write more.
    """
    found: T = _reader(kind)(values, kind.__name__)
    return found


def written(thing: DataclassInstance) -> dict[str, Any]:
    """Return an object's fields as texts, numbers, flags, lists and mappings; a time is ISO 8601 in UTC."""
    return {name: _plain(getattr(thing, name)) for name in _names(type(thing))}


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return iso_text(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return written(value) if is_dataclass(value) and not isinstance(value, type) else value


@cache
def _names(kind: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _reader(kind: Any) -> _Reader:
    """What reads a type, built once. Raises TypeError for one that no field has had so far."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType of an id is its text
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _one_of(kind)
    match get_args(kind):
        case (part, end) if end is ... and get_origin(kind) is tuple:
            return _each(_reader(part))
        case (part, nothing) if nothing is NoneType:
            return _maybe(_reader(part))
    raise TypeError(f"nothing reads a {kind}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UnfitError(name)
    return value


def _number(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnfitError(name)
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise UnfitError(name)
    return value


_SIMPLE: Mapping[Any, _Reader] = {str: _text, int: _number, bool: _flag, datetime: moment}


def _one_of(kind: type[StrEnum]) -> _Reader:
    members = {str(member): member for member in kind}

    def read_one(value: Any, name: str) -> StrEnum:
        found = members.get(value) if isinstance(value, str) else None
        if found is None:
            raise UnfitError(name)
        return found

    return read_one


def _maybe(reader: _Reader) -> _Reader:
    return lambda value, name: None if value is None else reader(value, name)


def _each(reader: _Reader) -> _Reader:
    def read_each(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise UnfitError(name)
        return tuple([reader(part, name) for part in value])

    return read_each


def _object(kind: type[DataclassInstance]) -> _Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
    needed = {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}

    def read_object(value: Any, name: str) -> DataclassInstance:
        if not isinstance(value, dict):
            raise UnfitError(name)
        missing = needed - value.keys()
        if missing:
            raise UnfitError(min(missing))
        return kind(**{field: reader(value[field], field) for field, reader in readers.items() if field in value})

    return read_object
