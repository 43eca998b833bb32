"""Quicker answers of moto.

moto (5.2) looks for each of the ten types that a value in an item could have, in a request as in an answer, and in an
answer for each of them under several names that a Python object may give it: two thirds of what a read costs. But an
item is kept as it goes over the wire. And for each request, whatever the service, moto lists the methods of its class
anew. Everything else stays moto's own code.
"""

# ruff: noqa: SLF001 - moto offers no door to what is quicker here

from collections.abc import Callable, MutableMapping
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.model import StructureShape
from moto.core.parse import BaseJSONParser
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class

_stock: Callable[..., None] = BaseJSONSerializer._serialize_type_structure
_stock_parse: Callable[..., Any] = BaseJSONParser._parse_structure
_stock_names = method_names_from_class


def install() -> None:
    """Replace the three."""
    BaseJSONSerializer._serialize_type_structure = _structure  # type: ignore[method-assign,assignment]
    BaseJSONParser._parse_structure = _parsed  # type: ignore[method-assign]
    responses.method_names_from_class = cache(_stock_names)  # type: ignore[attr-defined]


def _structure(
    serializer: BaseJSONSerializer, serialized: MutableMapping[str, Any], value: Any, shape: StructureShape, key: str
) -> None:
    if shape.name == "AttributeValue" and type(value) is dict and _is_as_sent(value):
        serializer._default_serialize(serialized, value, shape, key)
    else:
        _stock(serializer, serialized, value, shape, key)


def _parsed(parser: BaseJSONParser, shape: StructureShape, value: Any) -> Any:
    if shape.name == "AttributeValue" and type(value) is dict and _is_as_sent(value):
        return value
    return _stock_parse(parser, shape, value)


def _is_as_sent(value: dict[str, Any]) -> bool:
    """Whether this is the JSON of a value: one type, text where text is sent. Bytes are not."""
    if len(value) != 1:
        return False
    ((kind, held),) = value.items()
    match kind:
        case "S" | "N":
            return type(held) is str
        case "M":
            return all(type(each) is dict and _is_as_sent(each) for each in held.values())
        case "L":
            return all(type(each) is dict and _is_as_sent(each) for each in held)
        case "SS" | "NS":
            return all(type(each) is str for each in held)
    return kind in ("BOOL", "NULL") and type(held) is bool
