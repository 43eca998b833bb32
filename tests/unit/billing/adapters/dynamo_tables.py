"""The stores over moto's tables, and what a test asks of the tables directly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.items import plain
from billing.adapters.dynamodb.ledger_store import DynamoLedger
from billing.config import Tables
from billing.domain.account import Account
from billing.domain.catalog import Gives
from billing.domain.ids import (
    CustomerId,
    EventId,
    OrderId,
    PaymentIntentId,
    PriceId,
    PurchaseKey,
    SessionId,
    UserId,
)
from billing.domain.ledger import Entry, Kind
from billing.domain.order import Claim, Order, OrderLine
from billing.domain.purchase import Purchase
from billing.domain.records import Commit, EventRecord, Outcome
from billing.domain.snapshot import Payment
from local.template import Model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
USER = UserId("alice")
CUSTOMER = CustomerId("cus_1")
ORDER = OrderId("ord_1")
SESSION = SessionId("cs_test_1")
INTENT = PaymentIntentId("pi_1")
LINE = OrderLine(PriceId("price_1"), "500 credits", 1, 500, Gives(credits=500))


class World:
    """The tables, the stores over them, and every request that was made."""

    def __init__(self, client: DynamoDBClient, template: Model) -> None:
        self.client = client
        self.definitions = template.tables
        self.names = {key: table.name for key, table in template.tables.items()}
        self.tables = Tables(self.names["EventsTable"], self.names["AccountsTable"], self.names["LedgerTable"])
        self.requests: list[dict[str, Any]] = []
        client.meta.events.register("provide-client-params.dynamodb", self._saw)
        self.accounts = DynamoAccounts(client, self.tables)
        self.checkouts = DynamoCheckouts(client, self.tables)
        self.events = DynamoEvents(client, self.tables)
        self.ledger = DynamoLedger(client, self.tables)

    def empty(self) -> None:
        for table in self.definitions.values():
            if table.name in self.client.list_tables()["TableNames"]:
                self.client.delete_table(TableName=table.name)
            self.client.create_table(**table.definition)
        self.requests.clear()

    def _saw(self, params: dict[str, Any], **_: object) -> None:
        self.requests.append(params)

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All items of all tables: what a losing writer must not have touched."""
        found = {name: self.client.scan(TableName=name)["Items"] for name in self.names.values()}
        return {name: sorted((plain(item) for item in items), key=repr) for name, items in found.items()}

    def item(self, key: str) -> dict[str, Any] | None:
        answer = self.client.get_item(TableName=self.tables.accounts, Key={"pk": {"S": key}}, ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def event(self, event: str) -> dict[str, Any] | None:
        answer = self.client.get_item(TableName=self.tables.events, Key={"id": {"S": event}}, ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def put(self, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.tables.accounts, Item=item)


def account(**given: Any) -> Account:
    """An account that has never been stored."""
    return replace(Account(user=USER), **given)


def order(**given: Any) -> Order:
    made = Order(ORDER, USER, "payment", "usd", (LINE,), NOW, NOW + timedelta(hours=23))
    return replace(made, **given)


def claim(**given: Any) -> Claim:
    made = Claim(USER, "slot", 1, ORDER, "a" * 32, NOW, NOW + timedelta(hours=23))
    return replace(made, **given)


def purchase(**given: Any) -> Purchase:
    return replace(Purchase(PurchaseKey(SESSION), USER, ORDER, "payment", "usd", (LINE,), NOW), **given)


def payment(**given: Any) -> Payment:
    return replace(Payment(INTENT, 500, "usd", NOW), **given)


def entry(**given: Any) -> Entry:
    made = Entry(USER, 2, 0, Kind.PURCHASE, 500, 500, SESSION, EventId("evt_1"), "event_consumer", "1 x credits", NOW)
    return replace(made, **given)


def event(**given: Any) -> EventRecord:
    made = EventRecord(EventId("evt_1"), "checkout.session.completed", NOW, Outcome.APPLIED, None, NOW, CUSTOMER)
    return replace(made, **given)


def grown(before: Account, **given: Any) -> Account:
    """The account that a converge writes over `before`: both counters are one higher."""
    return replace(before, version=before.version + 1, stripe_version=before.stripe_version + 1, **given)


def stored(world: World, **given: Any) -> Account:
    """An account as it stands in the table."""
    opened = world.accounts.open_account(account(**given))
    after = grown(opened)
    world.accounts.commit(Commit(opened, after, changed=True))
    return after


def commit(before: Account, **given: Any) -> Commit:
    """A commit that changes the account."""
    return Commit(before, grown(before, balance=before.balance + 500), changed=True, **given)


def lost(world: World, attempt: Callable[[], object]) -> object:
    """What an attempt answers that must not leave a trace in any table."""
    before = world.everything()
    answer = attempt()
    assert world.everything() == before
    return answer
