"""Records of events from shortly before the restore point on: what they say was applied is in no account any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARGIN = timedelta(minutes=10)
"""Tables that are put back to the same second are not equal to the second, and clocks of machines differ a little."""
_AT_ONCE = 100
"""Items of one transaction: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""


def forget_records(client: DynamoDBClient, table: str, since: datetime, seen: Callable[[], None], *, dry: bool) -> int:
    """Delete the records that were written from then on; how many. Stripe's list, read anew, brings these events."""
    forgotten = 0
    for ids in batched(_written(client, table, since, seen), _AT_ONCE, strict=False):
        forgotten += len(ids)
        if not dry:
            calls.write(client, [{"Delete": {"TableName": table, "Key": attributes({"id": id})}} for id in ids])
    return forgotten


def _written(client: DynamoDBClient, table: str, since: datetime, seen: Callable[[], None]) -> Iterator[str]:
    for page in client.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression="#id, #at",
        ExpressionAttributeNames={"#id": "id", "#at": "recorded_at"},
        ConsistentRead=True,
    ):
        for item in map(plain, page["Items"]):
            seen()
            if datetime.fromisoformat(item["recorded_at"]) >= since:
                yield item["id"]
