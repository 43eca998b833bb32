"""How far purchases have come, for who may read nothing else of the accounts table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import plain, purchase_key
from billing.config import Tables
from billing.domain.ids import PurchaseKey
from billing.domain.purchase import PurchaseState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPurchaseStates:
    """The PurchaseStates port."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def states(self, purchases: Collection[PurchaseKey]) -> Mapping[PurchaseKey, PurchaseState]:
        """See PurchaseStates."""
        found = calls.get_all(self._client, self._table, [purchase_key(key) for key in purchases])
        items = [plain(item) for item in found.values()]
        return {PurchaseKey(item["key"]): PurchaseState(item["state"]) for item in items}
