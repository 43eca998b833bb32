"""What is stored of Stripe's objects, for who may read nothing else of the accounts table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import (
    account_key,
    customer_key,
    from_item,
    order_key,
    payment_key,
    plain,
    purchase_key,
)
from billing.config import Tables
from billing.domain.account import Account
from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PurchaseKey, SubscriptionId, UserId
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.subscription import SubscriptionState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHOWN = ("pk", "schema", "user", "subscriptions")
"""The attributes of an account that are read: the role allows no other, since accounts hold e-mail addresses."""
_WHOSE = ("pk", "user")
"""Of an order, which may hold one as well."""


class DynamoKnown:
    """The KnownObjects port."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._table = tables.accounts

    def states(self, purchases: Collection[PurchaseKey]) -> Mapping[PurchaseKey, PurchaseState]:
        """See KnownObjects."""
        found = calls.get_all(self._client, self._table, [purchase_key(key) for key in purchases])
        stored = [from_item(Purchase, item) for item in found.values()]
        return {purchase.key: purchase.state for purchase in stored}

    def ordered(self, named: Collection[tuple[OrderId, CustomerId]]) -> Collection[tuple[OrderId, CustomerId]]:
        """See KnownObjects. Two reads: of the orders, then of the owners."""
        found = calls.get_all(self._client, self._table, [order_key(order) for order, _ in named], only=_WHOSE)
        buyers = {key: plain(item)["user"] for key, item in found.items()}
        ours = [(order, customer) for order, customer in named if order_key(order) in buyers]
        owners = self._owners({customer for _, customer in ours})
        return {(order, customer) for order, customer in ours if owners.get(customer) == buyers[order_key(order)]}

    def subscriptions(
        self, customers: Collection[CustomerId]
    ) -> Mapping[CustomerId, Mapping[SubscriptionId, SubscriptionState]]:
        """See KnownObjects. Two reads: of the owners, then of their accounts."""
        users = self._owners(customers)
        found = calls.get_all(self._client, self._table, [account_key(user) for user in users.values()], only=SHOWN)
        accounts = [from_item(Account, item) for item in found.values()]
        known = {account.user: {state.id: state for state in account.subscriptions} for account in accounts}
        return {customer: known[user] for customer, user in users.items() if user in known}

    def _owners(self, customers: Collection[CustomerId]) -> Mapping[CustomerId, UserId]:
        found = calls.get_all(self._client, self._table, [customer_key(customer) for customer in customers])
        return {CustomerId(item["customer"]): UserId(item["user"]) for item in map(plain, found.values())}

    def registers(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, Mapping[str, str]]:
        """See KnownObjects. A pointer keeps them since they are compared: an older one knows of none."""
        found = calls.get_all(self._client, self._table, [payment_key(intent) for intent in intents])
        pointers = [plain(item) for item in found.values()]
        return {PaymentIntentId(item["intent"]): item.get("registers", {}) for item in pointers}
