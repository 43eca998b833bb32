"""The append-only ledger. `entry_put` is the only place in the project that writes it, and it never overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes, from_item, to_item
from billing.config import Tables
from billing.domain.ids import TRANSACTION_ID, UserId
from billing.domain.ledger import EVERYTHING, Entry, EntryFilter
from billing.domain.outbox import ledger_event
from billing.errors import InvalidRequest
from billing.ports.store import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_QUERIES = 5
_MOST_AT_ONCE = 200
"""With a filter a page looks at a thousand entries at most: what a caller can wait for."""


def entry_put(table: str, entry: Entry) -> dict[str, Any]:
    """The put of a ledger entry: refused where one stands already (money rule 30)."""
    return calls.put(table, to_item(entry, entry=entry.key, told=ledger_event(entry)), "attribute_not_exists( #entry )")


def entry_get(client: DynamoDBClient, table: str, user: UserId, key: str) -> Entry | None:
    """Read one entry, consistently."""
    item = calls.get_item(client, table, {"user": user, "entry": key})
    return from_item(Entry, item) if item is not None else None


class DynamoLedger:
    """The LedgerReader port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.ledger

    def page(self, user: UserId, limit: int, cursor: str | None, wanted: EntryFilter = EVERYTHING) -> Page:
        """See LedgerReader. The cursor is the key of the last entry that was looked at.

        What is wanted is picked out here: a filter of DynamoDB reads, and costs, just as much, and it compares times as
        text, of which some have a fraction.
        """
        if cursor is not None and TRANSACTION_ID.fullmatch(cursor) is None:
            raise InvalidRequest("this cursor did not come from us")
        shown: list[Entry] = []
        for _ in range(_QUERIES):
            entries, last = self._query(user, limit if wanted == EVERYTHING else _MOST_AT_ONCE, cursor)
            for entry in entries:
                if wanted.ended(entry):
                    return Page(tuple(shown), None)
                if wanted.fits(entry):
                    shown.append(entry)
                cursor = entry.key
                if len(shown) == limit:
                    return Page(tuple(shown), cursor if last is not None or entry != entries[-1] else None)
            if last is None:
                return Page(tuple(shown), None)
        return Page(tuple(shown), cursor)

    def _query(self, user: UserId, limit: int, cursor: str | None) -> tuple[list[Entry], str | None]:
        after: Any = {"ExclusiveStartKey": attributes({"user": user, "entry": cursor})} if cursor else {}
        answer = calls.query(
            self._client,
            self._table,
            "#user = :user",
            {"user": user},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **after,
        )
        last = answer.get("LastEvaluatedKey")
        return [from_item(Entry, item) for item in answer["Items"]], last["entry"]["S"] if last is not None else None
