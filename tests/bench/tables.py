"""What a request to DynamoDB costs: the items that it names are read before and after it, past the meter."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.bench.units import IN_A_TRANSACTION, Item, index_units, query_units, read_units, size, write_units

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from local.template import Table

_WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
Named = tuple[str, Any]
"""A table, and the key of one of its items."""


class Units:
    """Counts units of read and of write. One request at a time, as the local tables answer them."""

    def __init__(self, client: DynamoDBClient, tables: Mapping[str, Table]) -> None:
        self._client = client
        self._tables = {table.name: table.definition for table in tables.values()}
        self._lock = threading.Lock()

    def __call__(self, operation: str, body: bytes, go: Callable[[], bytes]) -> dict[str, Any]:
        asked = json.loads(body)
        with self._lock:
            if operation == "TransactWriteItems":
                deeds = [(kind, deed) for each in asked["TransactItems"] for kind, deed in each.items()]
                return self._written(deeds, go, IN_A_TRANSACTION)
            if operation in _WRITES:
                return self._written([(_WRITES[operation], asked)], go, 1)
            return {"read_units": self._found(operation, asked, json.loads(go()))}

    def _written(self, deeds: list[tuple[str, Any]], go: Callable[[], bytes], times: int) -> dict[str, Any]:
        named = [self._named(deed) for _, deed in deeds]
        before = [self._item(*each) for each in named]
        go()
        after = [self._item(*each) for each in named]
        units = 0
        for (table, _), old, new in zip(named, before, after, strict=True):
            units += times * write_units(old, new) + index_units(old, new, self._indexes(table))
        told = sum(_tells(old, new) for old, new in zip(before, after, strict=True))
        return {"write_units": units, "told": told, "largest": max(size(item or {}) for item in after)}

    def _found(self, operation: str, asked: Any, answer: Any) -> float:
        match operation:
            case "GetItem":
                item = self._item(asked["TableName"], asked["Key"])
                return read_units([item], consistent=asked.get("ConsistentRead", False))
            case "BatchGetItem":
                return sum(
                    read_units((self._item(table, key) for key in wanted["Keys"]), consistent=_consistent(wanted))
                    for table, wanted in asked["RequestItems"].items()
                )
            case "Query":
                return query_units(answer.get("Items", ()), consistent=_consistent(asked))
        raise AssertionError(f"nothing says what {operation} costs")

    def _named(self, deed: Any) -> Named:
        """A put names its item by the item itself."""
        table = deed["TableName"]
        if "Key" in deed:
            return table, deed["Key"]
        keys = [each["AttributeName"] for each in self._tables[table]["KeySchema"]]
        return table, {name: deed["Item"][name] for name in keys}

    def _item(self, table: str, key: Any) -> Item | None:
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def _indexes(self, table: str) -> Iterator[tuple[str, ...]]:
        for index in self._tables[table].get("GlobalSecondaryIndexes", ()):
            assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
            yield tuple(each["AttributeName"] for each in index["KeySchema"])


def _tells(before: Item | None, after: Item | None) -> bool:
    """Whether the stream has a record of it (a write that changes nothing makes none), and a pipe takes it."""
    return after is not None and after != before and "told" in after


def _consistent(asked: Any) -> bool:
    return bool(asked.get("ConsistentRead", False))
