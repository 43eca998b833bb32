"""How far purchases have come, for who may read nothing else of the accounts table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import from_item, purchase_key
from billing.config import Tables
from billing.domain.ids import PurchaseKey
from billing.domain.purchase import Purchase, PurchaseState

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
        stored = [from_item(Purchase, item) for item in found.values()]
        return {purchase.key: purchase.state for purchase in stored}
