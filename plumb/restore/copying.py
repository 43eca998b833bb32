"""The contents of a restored table, put into the installation's own.

Point-in-time recovery makes a new table, with a name of its own, and without stream, time to live, recovery and alarms
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html). So it is a source
only: the stack's own table keeps all of these, and nothing has to be deployed to another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from billing.ports.world import Clock
from plumb.errors import PlumbError

_WRITES, _READS = 25, 100
"""Of one request: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Copied:
    """Items that were put, and items that were not in the source and were removed."""

    put: int
    removed: int


def copy(client: Any, source: str, target: str, clock: Clock, seen: Callable[[int], None]) -> Copied:
    """Make the target hold what the source holds, and nothing else. Killed anywhere, it is run again from the start.

    Removes first: an item that stands in neither way is worse in an account than one that is missing for a while.
    Raises PlumbError when the two have not the same key.
    """
    keys = _keys(client, target)
    if source == target or _keys(client, source) != keys:
        raise PlumbError(f"{source} is no copy of {target}: its key is another.")
    removed = put = 0
    for page in batched(_scan(client, target, keys), _READS, strict=False):
        gone = _missing(client, source, keys, page, clock)
        _write(client, target, [{"DeleteRequest": {"Key": key}} for key in gone], clock)
        removed += len(gone)
        seen(len(page))
    for page in batched(_scan(client, source), _WRITES, strict=False):
        _write(client, target, [{"PutRequest": {"Item": item}} for item in page], clock)
        put += len(page)
        seen(len(page))
    return Copied(put, removed)


def _keys(client: Any, table: str) -> list[str]:
    try:
        described = client.describe_table(TableName=table)["Table"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] == "ResourceNotFoundException":
            raise PlumbError(f"There is no table {table}.") from exc
        raise
    return [part["AttributeName"] for part in described["KeySchema"]]


def _scan(client: Any, table: str, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    names = {f"#{name}": name for name in only}
    wanted = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names} if only else {}
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **wanted):
        yield from page["Items"]


def _missing(
    client: Any, table: str, keys: Sequence[str], asked: Sequence[dict[str, Any]], clock: Clock
) -> list[dict[str, Any]]:
    """Those of the keys that the table does not have. What DynamoDB has not read, it reads after a while."""
    names = {f"#{name}": name for name in keys}
    request = {"ConsistentRead": True, "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    found, left = list[dict[str, Any]](), list(asked)
    while left:
        answer = client.batch_get_item(RequestItems={table: {"Keys": left, **request}})
        found += answer["Responses"][table]
        left = answer["UnprocessedKeys"].get(table, {}).get("Keys", [])
        if left:
            clock.sleep(_PAUSE_SECONDS)
    return [key for key in asked if key not in found]


def _write(client: Any, table: str, requests: Sequence[dict[str, Any]], clock: Clock) -> None:
    """Write them, in parts. What DynamoDB has not taken, it takes after a while."""
    for part in batched(requests, _WRITES, strict=False):
        left = list(part)
        while left:
            left = client.batch_write_item(RequestItems={table: left})["UnprocessedItems"].get(table, [])
            if left:
                clock.sleep(_PAUSE_SECONDS)
