"""The accounts of which a subscription should have been renewed by now, by an index of the ends of their periods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import account_key, attributes
from billing.adapters.dynamodb.puts import DUE_SHARDS, RENEWAL_INDEX, due_text
from billing.config import Tables
from billing.domain.ids import UserId
from billing.domain.walk import Walk
from billing.ports.stripe import Listed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OVERDUE = timedelta(days=2)
"""A day and more after the look at subscriptions has brought whatever Stripe still lists."""
_PAGE = 100


class DynamoRenewals:
    """The ObjectList port over accounts of our own: each customer with the end of its period, a partition a page."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def page(self, walk: Walk) -> Listed:
        """See ObjectList. One query; a place in the walk is a partition, and the entry in it."""
        shard, _, behind = (walk.after or DUE_SHARDS[0]).partition("#")
        until = (walk.until or walk.since) - OVERDUE
        answer = calls.query(
            self._client,
            self._table,
            "#renewal_shard = :shard AND #renewal_at < :until",
            {"shard": shard, "until": due_text(until)},
            IndexName=RENEWAL_INDEX,
            Limit=_PAGE,
            **_behind(shard, behind),
        )
        found = tuple(_customer_object(item["renewal_at"]["S"]) for item in answer["Items"])
        return Listed(found, _after(shard, answer.get("LastEvaluatedKey")))


def _customer_object(renewal: str) -> dict[str, Any]:
    end, _, customer = renewal.partition("#")
    return {"object": "customer", "id": customer, "period_end": int(datetime.fromisoformat(end).timestamp())}


def _after(shard: str, last: Any) -> str | None:
    if last is not None:
        return f"{shard}#{last['renewal_at']['S']}#{last['pk']['S'].removeprefix(account_key(UserId('')))}"
    following = DUE_SHARDS.index(shard) + 1
    return DUE_SHARDS[following] if following < len(DUE_SHARDS) else None


def _behind(shard: str, place: str) -> Any:
    """Where a query goes on, whether or not that account still stands there."""
    if not place:
        return {}
    end, customer, user = place.split("#", 2)
    key = {"pk": account_key(UserId(user)), "renewal_shard": shard, "renewal_at": f"{end}#{customer}"}
    return {"ExclusiveStartKey": attributes(key)}
