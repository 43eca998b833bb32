"""The marks of spends that were undone, written again after a restore. Only the operator's command does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.puts import undone_put
from billing.config import Tables
from billing.domain.ledger import Entry
from billing.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoUndone:
    """The UndoneMarks port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def mark(self, undoing: Entry) -> None:
        """See UndoneMarks."""
        if undoing.reference is None:
            return
        try:
            calls.write(self._client, [undone_put(self._table, undoing.user, undoing.reference, undoing.key)])
        except calls.Refused as refused:
            if "ConditionalCheckFailed" not in refused.reasons:  # else it is there
                raise StoreUnavailable("another transaction on the same spend is in progress") from refused
