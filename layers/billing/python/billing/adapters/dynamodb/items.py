"""Items of the tables: keys, and domain objects to and from attributes.

Every item carries the version of its shape. Times are ISO 8601 UTC. A value that is absent by
default is an absent attribute, so that conditions can ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb.shapes import read, written
from billing.domain.credits import LotKey
from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PurchaseKey, UnfitError, UserId
from billing.errors import MalformedObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = 1
_WHOLE = re.compile(r"-?[0-9]{1,38}", re.ASCII).fullmatch  # 38 digits are what DynamoDB keeps of a number

type Attributes = dict[str, Any]
"""An item in DynamoDB's own notation: `{"pk": {"S": "…"}}`."""


def account_key(user: UserId) -> str:
    """Key of a user's account."""
    return f"ACCOUNT#{user}"


def customer_key(customer: CustomerId) -> str:
    """Key of a customer's owner record."""
    return f"CUSTOMER#{customer}"


def claim_key(user: UserId, slot: str) -> str:
    """Key of a checkout claim."""
    return f"CLAIM#{user}#{slot}"


def order_key(order: OrderId) -> str:
    """Key of an order."""
    return f"ORDER#{order}"


def purchase_key(purchase: PurchaseKey) -> str:
    """Key of a purchase."""
    return f"PURCHASE#{purchase}"


def lot_key(user: UserId, lot: LotKey) -> str:
    """Key of a lot that was moved out of its account."""
    purchase, line = lot
    return f"LOT#{user}#{purchase}#{line}"


def parked_key(customer: CustomerId) -> str:
    """Key of the list of a customer's parked events."""
    return f"PARKED#{customer}"


def request_key(user: UserId, key: str) -> str:
    """Key of a request that was carried out, by the caller's idempotency key; which comes last, for it may hold a #."""
    return f"IDEM#{user}#{key}"


def undone_key(user: UserId, entry: str) -> str:
    """Key of the mark that a spend was undone."""
    return f"UNDONE#{user}#{entry}"


def payment_key(intent: PaymentIntentId) -> str:
    """Key of the pointer from a payment intent to its session or invoice."""
    return f"PAYMENT#{intent}"


def walk_key(name: str) -> str:
    """Key of how far a list of Stripe's was read."""
    return f"WALK#{name}"


def to_item(thing: DataclassInstance, **keys: object) -> Attributes:
    """Write a domain object as an item, under these keys."""
    values = written(thing)
    for name in _optional(type(thing)):
        if values[name] is None:
            del values[name]
    return attributes({"schema": SCHEMA, **values, **keys})


def attributes(values: Mapping[str, object]) -> Attributes:
    """Write plain values as attributes. Raises TypeError for what has no attribute: a float, bytes, a time."""
    return {name: _WRITERS.get(type(value), _derived)(value) for name, value in values.items()}


def plain(item: Attributes) -> dict[str, Any]:
    """Read attributes as plain values; raise MalformedObject for a kind of attribute that we never write."""
    found = {}
    for name, attribute in item.items():
        ((kind, held),) = attribute.items()
        found[name] = held if kind == "S" else _value(kind, held)
    return found


def _derived(value: Any) -> dict[str, Any]:
    """What is a kind of those below, such as an enumeration."""
    match value:
        case int():
            return {"N": str(int(value))}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": attributes(value)}
        case _:
            raise TypeError(f"no attribute for a {type(value).__name__}")


def _set(value: Collection[object]) -> dict[str, Any]:
    """A set of texts. DynamoDB has no empty one."""
    if not value or not all(isinstance(part, str) for part in value):
        raise TypeError("no attribute for a set that is empty, or of anything but texts")
    return {"SS": sorted(str(part) for part in value)}


def _list(value: Iterable[object]) -> dict[str, Any]:
    return {"L": [_WRITERS.get(type(part), _derived)(part) for part in value]}


_WRITERS: Mapping[type[Any], Callable[[Any], dict[str, Any]]] = {
    NoneType: lambda _: {"NULL": True},
    bool: lambda value: {"BOOL": value},
    int: lambda value: {"N": str(value)},
    str: lambda value: {"S": value},
    set: _set,
    frozenset: _set,
    list: _list,
    tuple: _list,
    dict: lambda value: {"M": attributes(value)},
}
"""An attribute by the type of its value. Ours, because boto3's serializer would bring all of boto3 with it: 57 modules
at each start. By type and not by `match`, for an account is read and written on every path that there is."""


def _value(kind: str, held: Any) -> Any:
    read = _READERS.get(kind)
    if read is None:
        raise MalformedObject("a stored item has an attribute that we never write", reason=kind)
    return read(held)


def _number(held: str) -> int:
    if not _WHOLE(held):
        raise MalformedObject("a stored item has an attribute that we never write", reason="N")
    return int(held)


def _parts(held: list[Attributes]) -> list[Any]:
    return [_value(kind, inner) for part in held for kind, inner in part.items()]


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "S": lambda held: held,
    "BOOL": lambda held: held,
    "N": _number,
    "NULL": lambda _: None,
    "SS": set,
    "L": _parts,
    "M": plain,
}


def from_item[T: DataclassInstance](kind: type[T], item: Attributes) -> T:
    """Read a domain object from an item; raise MalformedObject when it has not the shape we write."""
    values = plain(item)
    if values.get("schema") != SCHEMA:
        raise MalformedObject(f"an item of {kind.__name__} has an unknown schema", key=_name(values))
    try:
        return read(kind, values)
    except UnfitError as error:
        raise MalformedObject(f"an item of {kind.__name__} can't be read", key=_name(values)) from error


def _name(values: Mapping[str, Any]) -> str:
    return str(values.get("pk") or values.get("entry") or "")


@cache
def _optional(kind: type[DataclassInstance]) -> tuple[str, ...]:
    """The fields that are absent by default."""
    return tuple(field.name for field in fields(kind) if field.default is None)
