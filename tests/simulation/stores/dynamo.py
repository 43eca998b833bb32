"""A client of DynamoDB without a DynamoDB: tables in memory, under the same calls, rules and errors as the SDK's own.

It is no friendlier than the real one. A call, a parameter or an expression that it does not know raises NotSimulated;
what DynamoDB leaves open (how late an index is, what a read without consistency sees, which keys of a batch are left)
is the scheduler's to decide. Faults are not made here: whoever stands before the client makes them (refusals.py).

Items are not copied on their way in and out, but for their outermost dict, since nobody changes an attribute in place:
the adapters build them anew. `guard` holds everybody to that.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tests.simulation.stores import pages, writes
from tests.simulation.stores.attributes import Attributes
from tests.simulation.stores.plans import plan, shown
from tests.simulation.stores.refusals import (
    FAILED,
    Invalid,
    NotSimulated,
    Unfit,
    canceled,
    condition_failed,
    invalid,
    unknown_table,
)
from tests.simulation.stores.tables import Chances, Key, Row, Settled, Table

_MOST_KEYS = 100
_LARGEST_BATCH = 16 * 1024 * 1024

_GET = frozenset({"TableName", "ExpressionAttributeNames", "Key", "ConsistentRead", "ProjectionExpression"})


class Dynamo:
    """The calls of boto3's DynamoDB client that this project makes. One thread."""

    def __init__(
        self,
        definitions: Iterable[Mapping[str, Any]],
        expires: Mapping[str, str] | None = None,
        chances: Chances | None = None,
        *,
        guard: bool = False,
    ) -> None:
        """`definitions` are those of CreateTable; `expires` has the attribute of the time to live by table."""
        ends = expires or {}
        self.tables = {each["TableName"]: Table(each, ends.get(each["TableName"])) for each in definitions}
        self.chances: Chances = chances or Settled()
        self._guard = guard

    # ---------------------------------------------------------------------------------------------------------- reads

    def get_item(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html"""
        if not request.keys() <= _GET:
            raise NotSimulated(f"get_item with {request.keys() - _GET}")
        table = self._table(request, "GetItem")
        try:
            key = table.key(request["Key"], exact=True)
            wanted = _projection(request)
        except (Invalid, Unfit) as exc:
            raise invalid(str(exc), "GetItem") from None
        row = table.rows.get(key) if request.get("ConsistentRead") else table.row(key, stale=self.chances.stale())
        if row is None:
            return {}
        return {"Item": self._shown(row, wanted)}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html

        Items come in no order: here, in the one that is least expected.
        """
        if request.keys() != {"RequestItems"}:
            raise NotSimulated(f"batch_get_item with {request.keys()}")
        asked: dict[str, dict[str, Any]] = request["RequestItems"]
        count = sum(len(each["Keys"]) for each in asked.values())
        if not 0 < count <= _MOST_KEYS:
            raise invalid("Too many items requested for the BatchGetItem call", "BatchGetItem")
        left = self.chances.unprocessed(count)
        room = _LARGEST_BATCH
        found: dict[str, list[Attributes]] = {}
        unprocessed: dict[str, Any] = {}
        for name, each in asked.items():
            table = self._table({"TableName": name}, "BatchGetItem")
            try:
                keys = self._batch_keys(table, each)
                wanted = _projection(each)
            except (Invalid, Unfit) as exc:
                raise invalid(str(exc), "BatchGetItem") from None
            stale = not each.get("ConsistentRead") and self.chances.stale()
            kept_back = keys[len(keys) - left :] if left else []
            left -= len(kept_back)
            answer = found[name] = []
            for key in keys[: len(keys) - len(kept_back)]:
                row = table.row(key, stale=stale)
                if row is not None and (room := room - row.weight) < 0:
                    kept_back = [key, *kept_back]
                elif row is not None:
                    answer.append(self._shown(row, wanted))
            answer.reverse()
            if kept_back:
                unprocessed[name] = {**each, "Keys": [table.named(key) for key in kept_back]}
        return {"Responses": found, "UnprocessedKeys": unprocessed}

    @staticmethod
    def _batch_keys(table: Table, asked: dict[str, Any]) -> list[Key]:
        if not asked.keys() <= {"Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}:
            raise NotSimulated(f"batch_get_item with {asked.keys()}")
        keys = [table.key(each, exact=True) for each in asked["Keys"]]
        if len(set(keys)) != len(keys):
            raise Invalid("Provided list of item keys contains duplicates")
        return keys

    def query(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html"""
        table = self._table(request, "Query")
        try:
            return pages.query(table, request, self.chances, self._shown)
        except (Invalid, Unfit) as exc:
            raise invalid(str(exc), "Query") from None

    def scan(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html"""
        table = self._table(request, "Scan")
        try:
            return pages.scan(table, request, self.chances, self._shown)
        except (Invalid, Unfit) as exc:
            raise invalid(str(exc), "Scan") from None

    def get_paginator(self, operation: str) -> Paginator:
        """https://docs.aws.amazon.com/boto3/latest/guide/paginators.html"""
        if operation not in ("scan", "query"):
            raise NotSimulated(f"a paginator of {operation}")
        return Paginator(self.scan if operation == "scan" else self.query)

    # --------------------------------------------------------------------------------------------------------- writes

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html

        Every condition, and every update, is evaluated on the items as they were before; then all are written, or none.
        """
        if request.keys() != {"TransactItems"}:
            raise NotSimulated(f"transact_write_items with {request.keys()}")
        try:
            made = writes.transacted(request["TransactItems"], self._table)
        except Invalid as exc:
            raise invalid(str(exc), "TransactWriteItems") from None
        if [write for write in made if write.reason is not None]:
            raise canceled([write.reason for write in made], [write.text for write in made])
        for write in made:
            self._carry_out(write)
        return {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html"""
        return self._alone("Put", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html"""
        return self._alone("Update", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html"""
        return self._alone("Delete", request)

    def _alone(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any]:
        operation = writes.OPERATIONS[kind]
        try:
            write = writes.prepared(kind, request, self._table(request, operation), operation)
        except Invalid as exc:
            raise invalid(str(exc), operation) from None
        if write.reason == FAILED:
            raise condition_failed(operation)
        if write.reason is not None:
            raise invalid(str(write.text), operation)
        self._carry_out(write)
        return {}

    def _carry_out(self, write: writes.Write) -> None:
        if write.touches:
            assert write.key is not None
            if self._guard and write.row is not None:
                write.row.image = marshal.dumps(write.row.item, 2)
            write.table.write(write.key, write.row)

    # ------------------------------------------------------------------------------------------------ what is no call

    def settle(self) -> None:
        """Let every index and every reader see all that was written."""
        for table in self.tables.values():
            table.settle()

    def expire(self, now: float, goes: Callable[[str, Key], bool] = lambda table, key: True) -> int:
        """Take away items whose time to live was over at this second, those that `goes` picks; how many."""
        gone = [(table, key) for table in self.tables.values() for key in table.expired(now) if goes(table.name, key)]
        for table, key in gone:
            table.write(key, None)
        return len(gone)

    def items(self, table: str) -> Iterator[Attributes]:
        """All items of a table, for whoever checks them: no call, so nothing may happen to it."""
        return (row.item for row in self.tables[table].rows.values())

    def _table(self, request: Mapping[str, Any], operation: str) -> Table:
        found = self.tables.get(request["TableName"])
        if found is None:
            raise unknown_table(operation)
        return found

    def _shown(self, row: Row, wanted: tuple[str, ...] | None) -> Attributes:
        if self._guard:
            assert marshal.dumps(row.item, 2) == row.image, f"somebody changed an attribute in place: {row.item}"
        return shown(row.item, wanted)


class Paginator:
    """Pages of a call, one after the other, as boto3 walks over them."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Each page as its call answered it."""
        while True:
            page = self._call(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _projection(request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The attributes that a read names; None for all."""
    text, names = request.get("ProjectionExpression"), request.get("ExpressionAttributeNames")
    return None if text is None and names is None else plan(names, projection=text).shown
