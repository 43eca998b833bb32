"""Writes: what each would make of its item, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.simulation.stores.attributes import Attributes, kept
from tests.simulation.stores.plans import Plan, plan
from tests.simulation.stores.refusals import FAILED, Invalid, NotSimulated, Unfit
from tests.simulation.stores.tables import Key, Row, Table

type FindTable = Callable[[Mapping[str, Any], str], Table]

OPERATIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
_TRANSACTION = "TransactWriteItems"
_MOST = 100
_LARGEST = 4 * 1024 * 1024
_EMPTY: Attributes = {}
_CONDITION = {"TableName", "ExpressionAttributeNames", "ConditionExpression", "ExpressionAttributeValues"}
_KNOWN = {
    "Put": frozenset({*_CONDITION, "Item"}),
    "Update": frozenset({*_CONDITION, "Key", "UpdateExpression"}),
    "Delete": frozenset({*_CONDITION, "Key"}),
    "ConditionCheck": frozenset({*_CONDITION, "Key"}),
}


class Write:
    """One write as it will be, or why it will not."""

    __slots__ = ("key", "reason", "row", "table", "text", "touches")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.key: Key | None = None
        self.row: Row | None = None
        """What will be there; None for nothing."""
        self.touches = True
        """Whether anything is written at all."""
        self.reason: str | None = None
        self.text: str | None = None


def transacted(items: Sequence[Mapping[str, Any]], table: FindTable) -> list[Write]:
    """The writes of a transaction, each evaluated on the items as they are. Raises Invalid."""
    if not 0 < len(items) <= _MOST:
        raise Invalid(f"Value at 'transactItems' failed to satisfy constraint: Member must have length 1 to {_MOST}")
    made = [_transacted(item, table) for item in items]
    keys = {(write.table.name, write.key) for write in made if write.key is not None}
    if len(keys) < len([write for write in made if write.key is not None]):
        raise Invalid("Transaction request cannot include multiple operations on one item")
    if sum([write.row.weight for write in made if write.row is not None]) > _LARGEST:
        raise Invalid("Transaction request size has exceeded the maximum allowed size of 4 MB")
    return made


def _transacted(item: Mapping[str, Any], table: FindTable) -> Write:
    if len(item) != 1:
        raise Invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, request),) = item.items()
    if kind not in _KNOWN:
        raise NotSimulated(f"{kind} in a transaction")
    if kind == "ConditionCheck" and "ConditionExpression" not in request:
        raise Invalid("ConditionExpression must not be null")
    return prepared(kind, request, table(request, _TRANSACTION), _TRANSACTION)


def prepared(kind: str, request: Mapping[str, Any], table: Table, operation: str) -> Write:
    """Evaluate one write. Raises Invalid for what no item could make right."""
    if not request.keys() <= _KNOWN[kind]:
        raise NotSimulated(f"{operation} with {request.keys() - _KNOWN[kind]}")
    reading = plan(
        request.get("ExpressionAttributeNames"),
        condition=request.get("ConditionExpression"),
        update=request.get("UpdateExpression"),
    )
    values = reading.checked(request.get("ExpressionAttributeValues"))
    write = Write(table)
    try:
        if kind == "Put":
            item, weight = kept(request["Item"])
            write.key = table.key(item)
            table.fits(item, weight)
            write.row = Row(item.copy(), weight)
        else:
            write.key = table.key(request["Key"], exact=True)
        row = table.rows.get(write.key)
        before = row.item if row is not None else _EMPTY
        if reading.condition is not None and not reading.condition(before, values):
            write.reason = FAILED
        elif kind == "Update":
            _update(write, write.key, reading, row, values)
        elif kind == "ConditionCheck":
            write.touches = False
    except Unfit as exc:
        write.reason, write.text = "ValidationError", str(exc)
    return write


def _update(write: Write, key: Key, reading: Plan, row: Row | None, values: Mapping[str, Any]) -> None:
    table, change = write.table, reading.update
    if change is None:
        raise NotSimulated("an update without an expression")
    if not change.top.isdisjoint(table.keys):
        name = min(change.top & table.keys)
        raise Invalid(
            f"One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the "
            "key"
        )
    if row is None and not change.creates:
        write.touches = False  # taking away from what is not there: nothing is made
        return
    after, weight = kept(change.of(row.item if row is not None else table.named(key), values))
    table.fits(after, weight)
    write.row = Row(after, weight)
