"""Items of the tables: keys, and domain objects to and from attributes.

Every item carries the version of its shape. Times are ISO 8601 UTC. A value that is absent by
default is an absent attribute, so that conditions can ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from billing.domain.credits import LotKey
from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PurchaseKey, UserId
from billing.errors import MalformedObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = 1
_WHOLE = re.compile(r"-?[0-9]{1,38}", re.ASCII)  # 38 digits are what DynamoDB keeps of a number

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
    """Key of how far a list of Stripe's events was read."""
    return f"WALK#{name}"


def to_item(thing: DataclassInstance, **keys: object) -> Attributes:
    """Write a domain object as an item, under these keys."""
    values: dict[str, object] = adapter(type(thing)).dump_python(thing, mode="json")
    absent = {field.name for field in fields(thing) if field.default is None and values[field.name] is None}
    kept = {name: value for name, value in values.items() if name not in absent}
    return attributes({"schema": SCHEMA, **kept, **keys})


def attributes(values: Mapping[str, object]) -> Attributes:
    """Write plain values as attributes. Raises TypeError for what has no attribute: a float, bytes, a time."""
    return {name: _attribute(value) for name, value in values.items()}


def plain(item: Attributes) -> dict[str, Any]:
    """Read attributes as plain values; raise MalformedObject for a kind of attribute that we never write."""
    return {name: _value(attribute) for name, attribute in item.items()}


def _attribute(value: object) -> dict[str, Any]:
    """One attribute. Ours, because boto3's serializer would bring all of boto3 with it: 57 modules at each start."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": str(value)}
        case set() | frozenset() if value and all(isinstance(part, str) for part in value):
            return {"SS": sorted(value)}  # DynamoDB has no empty set
        case list() | tuple():
            return {"L": [_attribute(part) for part in value]}
        case Mapping():
            return {"M": attributes(value)}
        case _:
            raise TypeError(f"no attribute for a {type(value).__name__}")


def _value(attribute: Mapping[str, Any]) -> Any:
    ((kind, held),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "N" if _WHOLE.fullmatch(held):
            return int(held)
        case "NULL":
            return None
        case "SS":
            return set(held)
        case "L":
            return [_value(part) for part in held]
        case "M":
            return plain(held)
        case _:
            raise MalformedObject("a stored item has an attribute that we never write", reason=kind)


def from_item[T](kind: type[T], item: Attributes) -> T:
    """Read a domain object from an item; raise MalformedObject when it has not the shape we write."""
    values = plain(item)
    if values.get("schema") != SCHEMA:
        raise MalformedObject(f"an item of {kind.__name__} has an unknown schema", key=_name(values))
    try:
        found: T = adapter(kind).validate_python(values)
    except ValidationError as error:
        raise MalformedObject(f"an item of {kind.__name__} can't be read", key=_name(values)) from error
    return found


def _name(values: Mapping[str, Any]) -> str:
    return str(values.get("pk") or values.get("entry") or "")


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The reader and writer of a type, built once: that takes longer than using it."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
