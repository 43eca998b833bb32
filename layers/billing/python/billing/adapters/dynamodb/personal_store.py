"""Taking personal data out of items that otherwise never change. Only the operator's command does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes
from billing.config import Tables
from billing.domain.ids import UserId
from billing.errors import Contention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPersonal:
    """Removes single attributes of a user's orders and purchases."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def forget(self, key: str, user: UserId, path: Sequence[str]) -> None:
        """Remove the attribute at `path` from the item, which must be this user's; `version` stays as it is.

        Nothing decides by what is removed, so a write that is under way may win. Raises Contention when the item is
        another user's, or a transaction is in the way.
        """
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": attributes({"pk": key}),
            "UpdateExpression": f"REMOVE {'.'.join(f'#{name}' for name in path)}",
            **calls.conditioned("#user = :user", {"user": user}, path),
        }
        try:
            calls.write(self._client, [{"Update": update}])
        except calls.Refused as refused:
            raise Contention("personal data was not removed from an item: try again", user_id=user) from refused
