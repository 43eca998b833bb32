"""How far Stripe's lists were read, in the accounts table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import from_item, to_item, walk_key
from billing.config import Tables
from billing.domain.walk import Walk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWalks:
    """The Walks port. Its items are the only ones that the function which uses it may touch."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def load(self, name: str) -> Walk | None:
        """See Walks."""
        item = calls.get(self._client, self._table, walk_key(name))
        return from_item(Walk, item) if item is not None else None

    def save(self, walk: Walk) -> Walk | None:
        """See Walks."""
        after = replace(walk, version=walk.version + 1)
        item = to_item(after, pk=walk_key(walk.name))
        if walk.version == 0:
            put = calls.put(self._table, item, "attribute_not_exists( #pk )")
        else:
            put = calls.put(self._table, item, "#version = :version", version=walk.version)
        try:
            calls.write(self._client, [put])
        except calls.Refused:
            return None
        return after
