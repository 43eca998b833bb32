"""The customers of which events are parked, by the index in which their lists stand beside what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes, parked_key
from billing.adapters.dynamodb.puts import DUE_INDEX, PARKED_SHARD
from billing.config import Tables
from billing.domain.ids import CustomerId
from billing.domain.walk import Walk
from billing.ports.stripe import Listed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PAGE = 100


class DynamoParked:
    """The ObjectList port over lists of our own: customers, by id, whenever their events were parked."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def page(self, walk: Walk) -> Listed:
        """See ObjectList. One query."""
        answer = calls.query(
            self._client,
            self._table,
            "#due_shard = :shard",
            {"shard": PARKED_SHARD},
            IndexName=DUE_INDEX,
            Limit=_PAGE,
            **_behind(walk.after),
        )
        found = tuple({"object": "customer", "id": item["due_at"]["S"]} for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return Listed(found, last["due_at"]["S"] if last else None)


def _behind(customer: str | None) -> Any:
    """Where a query goes on. The key of a list follows from its customer, whether or not there still is one."""
    if customer is None:
        return {}
    key = {"pk": parked_key(CustomerId(customer)), "due_shard": PARKED_SHARD, "due_at": customer}
    return {"ExclusiveStartKey": attributes(key)}
