"""Accounts and what belongs to them, and the one transaction of a converge."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.event_store import event_put, taken_off
from billing.adapters.dynamodb.items import (
    SCHEMA,
    Attributes,
    account_key,
    attributes,
    customer_key,
    from_item,
    lot_key,
    order_key,
    parked_key,
    payment_key,
    plain,
    purchase_key,
    to_item,
)
from billing.adapters.dynamodb.ledger_store import entry_put
from billing.adapters.dynamodb.puts import account_put, lot_put
from billing.config import Tables
from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.decide import Before
from billing.domain.ids import CustomerId, EventId, OrderId, PaymentIntentId, PurchaseKey, SessionId, UserId
from billing.domain.order import Order
from billing.domain.purchase import Purchase
from billing.domain.records import Commit, CommitOutcome, Committed
from billing.domain.registers import statuses
from billing.ports.store import Owner

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SAME_TRUTH = "#stripe_version = :stripe_version"


class DynamoAccounts:
    """The AccountStore port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._tables = tables

    def load(self, user: UserId, purchases: Collection[PurchaseKey], orders: Collection[OrderId] = ()) -> Before:
        """See AccountStore."""
        found = self._read([account_key(user), *_keys(purchases, orders)])
        item = found.pop(account_key(user), None)
        account = from_item(Account, item) if item is not None else Account(user=user)
        return self._with_moved(_with(Before(account), found))

    def extend(self, before: Before, purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> Before:
        """See AccountStore."""
        return self._with_moved(_with(before, self._read(_keys(purchases, orders))))

    def open_account(self, account: Account) -> Account:
        """See AccountStore."""
        fresh = replace(account, version=account.version + 1)
        try:
            calls.write(self._client, [account_put(self._tables.accounts, account, fresh)])
        except calls.Refused:
            return self.load(account.user, []).account
        return fresh

    def commit(self, commit: Commit) -> Committed:
        """See AccountStore. The events come first, so that their reasons are read by index."""
        items = [event_put(self._tables.events, record) for record in commit.events]
        items.append(
            account_put(self._tables.accounts, commit.before, commit.after)
            if commit.changed
            else self._bump(commit.before)
        )
        items += [self._purchase_put(purchase) for purchase in commit.purchases]
        items += self._pointers(commit.purchases)
        items += [lot_put(self._tables.accounts, commit.after.user, lot) for lot in commit.moved]
        items += [entry_put(self._tables.ledger, entry) for entry in commit.entries]
        items += [taken_off(self._tables.accounts, unparked) for unparked in commit.unparked]
        try:
            calls.write(self._client, items)
        except calls.Refused as refused:
            recorded = {
                EventId(record.id)
                for record, reason in zip(commit.events, refused.reasons, strict=False)
                if reason == "ConditionalCheckFailed"
            }
            return Committed(CommitOutcome.RECORDED if recorded else CommitOutcome.CONFLICT, frozenset(recorded))
        return Committed(CommitOutcome.DONE)

    def owners(self, customers: Collection[CustomerId]) -> Mapping[CustomerId, Owner]:
        """See AccountStore. Whether there is a list of parked events is asked along with it: that costs no call."""
        found = self._read([key(customer) for customer in customers for key in (customer_key, parked_key)])
        return {
            customer: Owner(UserId(plain(item)["user"]), parked_key(customer) in found)
            for customer in customers
            if (item := found.get(customer_key(customer))) is not None
        }

    def buyers(self, sessions: Collection[SessionId]) -> Mapping[SessionId, UserId]:
        """See AccountStore."""
        found = self._read([purchase_key(PurchaseKey(session)) for session in sessions])
        return {SessionId(item["key"]): UserId(item["user"]) for item in (plain(each) for each in found.values())}

    def sources(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, tuple[UserId, str]]:
        """See AccountStore."""
        found = self._read([payment_key(intent) for intent in intents])
        pointers = [plain(item) for item in found.values()]
        return {PaymentIntentId(item["intent"]): (UserId(item["user"]), item["source"]) for item in pointers}

    def orders(self, orders: Collection[OrderId]) -> Mapping[OrderId, Order]:
        """See AccountStore."""
        found = self._read([order_key(order) for order in orders])
        return {order.id: order for order in (from_item(Order, item) for item in found.values())}

    def own_customers(self, before: Account, customers: Sequence[CustomerId]) -> Account | None:
        """See AccountStore."""
        own = (*before.customers, *customers)
        after = replace(before, customers=own, version=before.version + 1, unlooked=True)
        owners = [
            attributes({"pk": customer_key(customer), "schema": SCHEMA, "customer": customer, "user": before.user})
            for customer in customers
        ]
        puts = [calls.put(self._tables.accounts, owner, "attribute_not_exists( #pk )") for owner in owners]
        try:
            calls.write(self._client, [*puts, account_put(self._tables.accounts, before, after)])
        except calls.Refused:
            return None
        return after

    def _read(self, keys: Collection[str]) -> dict[str, Attributes]:
        return calls.get_all(self._client, self._tables.accounts, keys) if keys else {}

    def _with_moved(self, before: Before) -> Before:
        """Add the lots that left the account. Read after it, and yet safe: who writes one writes the account."""
        absent = before.absent
        if not absent:
            return before
        found = self._read([lot_key(before.account.user, key) for key in absent])
        moved = {lot.key: lot for lot in (from_item(Lot, item) for item in found.values())}
        return replace(before, moved={**before.moved, **moved})

    def _bump(self, before: Account) -> dict[str, Any]:
        """Count a converge that changed nothing: a slower one with an older snapshot must not win (rule 1).

        What the last write told is taken off, else the stream would tell it again; and that there is something to look
        at, if it was there before the look.
        """
        gone = ["told", "unlooked"] if before.unlooked else ["told"]
        return {
            "Update": {
                "TableName": self._tables.accounts,
                "Key": attributes({"pk": account_key(before.user)}),
                "UpdateExpression": f"SET #stripe_version = :next REMOVE {', '.join(f'#{name}' for name in gone)}",
                **calls.conditioned(
                    _SAME_TRUTH, {"stripe_version": before.stripe_version, "next": before.stripe_version + 1}, gone
                ),
            }
        }

    def _purchase_put(self, purchase: Purchase) -> dict[str, Any]:
        item = to_item(replace(purchase, version=purchase.version + 1), pk=purchase_key(purchase.key))
        if purchase.version == 0:
            return calls.put(self._tables.accounts, item, "attribute_not_exists( #pk )")
        return calls.put(self._tables.accounts, item, "#version = :version", version=purchase.version)

    def _pointers(self, purchases: Collection[Purchase]) -> Iterator[dict[str, Any]]:
        paid = [(purchase.payment.intents, purchase) for purchase in purchases if purchase.payment]
        pointers = {intent: purchase for intents, purchase in paid for intent in intents}
        for intent, purchase in sorted(pointers.items()):
            item = {
                "intent": intent,
                "user": purchase.user,
                "source": purchase.source,
                "registers": statuses(purchase.payment),
            }
            yield calls.put(self._tables.accounts, attributes({"pk": payment_key(intent), "schema": SCHEMA, **item}))


def _keys(purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> list[str]:
    return [*(purchase_key(key) for key in purchases), *(order_key(order) for order in orders)]


def _with(before: Before, found: Mapping[str, Attributes]) -> Before:
    if not found:
        return before
    purchases = [from_item(Purchase, item) for key, item in found.items() if key.startswith("PURCHASE#")]
    orders = [from_item(Order, item) for key, item in found.items() if key.startswith("ORDER#")]
    return replace(
        before,
        purchases={**before.purchases, **{purchase.key: purchase for purchase in purchases}},
        orders={**before.orders, **{order.id: order for order in orders}},
    )
