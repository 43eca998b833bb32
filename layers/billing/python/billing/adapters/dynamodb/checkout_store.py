"""Claims, orders and the purchases that checkout sessions begin as."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import claim_key, from_item, order_key, purchase_key, to_item
from billing.config import Tables
from billing.domain.ids import OrderId, PurchaseKey, SessionId, UserId
from billing.domain.order import Claim, Order
from billing.domain.purchase import Purchase
from billing.errors import Contention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NEW = "attribute_not_exists( #pk )"
_FOLLOWS = "#generation = :before"
_STILL_OURS = "#generation = :generation AND #order = :order AND attribute_not_exists( #session )"


class DynamoCheckouts:
    """The CheckoutStore port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def claim(self, user: UserId, slot: str) -> Claim | None:
        """See CheckoutStore."""
        item = calls.get(self._client, self._table, claim_key(user, slot))
        return from_item(Claim, item) if item is not None else None

    def take(self, claim: Claim, order: Order, ended: SessionId | None = None) -> bool:
        """See CheckoutStore."""
        item = to_item(claim, pk=claim_key(claim.user, claim.slot))
        if claim.generation == 1:
            taken = calls.put(self._table, item, _NEW)
        else:
            taken = self._following(item, claim.generation - 1, ended)
        return self._write([taken, calls.put(self._table, to_item(order, pk=order_key(order.id)), _NEW)])

    def attach(self, claim: Claim, purchase: Purchase) -> bool:
        """See CheckoutStore."""
        item = to_item(claim, pk=claim_key(claim.user, claim.slot))
        held = calls.put(self._table, item, _STILL_OURS, generation=claim.generation, order=claim.order)
        first = to_item(replace(purchase, version=1), pk=purchase_key(purchase.key))
        return self._write([held, calls.put(self._table, first, _NEW)])

    def order(self, order: OrderId) -> Order | None:
        """See CheckoutStore."""
        item = calls.get(self._client, self._table, order_key(order))
        return from_item(Order, item) if item is not None else None

    def purchase(self, key: PurchaseKey) -> Purchase | None:
        """See CheckoutStore."""
        item = calls.get(self._client, self._table, purchase_key(key))
        return from_item(Purchase, item) if item is not None else None

    def _following(self, item: dict[str, object], before: int, ended: SessionId | None) -> dict[str, object]:
        if ended is None:
            return calls.put(self._table, item, f"{_FOLLOWS} AND attribute_not_exists( #session )", before=before)
        return calls.put(self._table, item, f"{_FOLLOWS} AND #session = :ended", before=before, ended=ended)

    def _write(self, items: list[dict[str, object]]) -> bool:
        try:
            calls.write(self._client, items)
        except calls.Refused as refused:
            if "ConditionalCheckFailed" not in refused.reasons:
                raise Contention("another transaction on the same checkout is in progress") from refused
            return False
        return True
