"""The append-only ledger. `entry_put` is the only place in the project that writes it, and it never overwrites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes, from_item, to_item
from billing.config import Tables
from billing.domain.ids import UserId
from billing.domain.ledger import Entry
from billing.errors import InvalidRequest
from billing.ports.store import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CURSOR = re.compile(r"[0-9]{12}#[0-9]{3}")


def entry_put(table: str, entry: Entry) -> dict[str, Any]:
    """The put of a ledger entry: refused where one stands already (money rule 30)."""
    return calls.put(table, to_item(entry, entry=entry.key), "attribute_not_exists( #entry )")


class DynamoLedger:
    """The LedgerReader port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.ledger

    def page(self, user: UserId, limit: int, cursor: str | None) -> Page:
        """See LedgerReader. The cursor is the key of the last entry that was shown."""
        if cursor is not None and _CURSOR.fullmatch(cursor) is None:
            raise InvalidRequest("this cursor did not come from us")
        after: Any = {"ExclusiveStartKey": attributes({"user": user, "entry": cursor})} if cursor else {}
        try:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="#user = :user",
                ExpressionAttributeNames={"#user": "user"},
                ExpressionAttributeValues=attributes({":user": user}),
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **after,
            )
        except (ClientError, BotoCoreError) as error:
            raise calls.translated(error) from error
        last = answer.get("LastEvaluatedKey")
        return Page(
            tuple(from_item(Entry, item) for item in answer["Items"]), last["entry"]["S"] if last is not None else None
        )
