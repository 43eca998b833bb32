"""What is kept, read where it is kept: the three tables and the two queues, past all of our own code."""

import json
from collections.abc import Iterable
from itertools import batched
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.stack import Stack
from tests.integration.purchase.wait import until

Item = dict[str, Any]
TABLES = ("EventsTable", "AccountsTable", "LedgerTable")
QUEUES = ("EventsQueue", "EventsDeadLetterQueue")
_value = TypeDeserializer().deserialize


class Books:
    def __init__(self, stack: Stack) -> None:
        model = stack.config.model()
        self._names = {table: model.tables[table].name for table in TABLES}
        self._urls = {queue: model.queues[queue].url for queue in QUEUES}
        self._dynamodb = stack.dynamodb()
        self._sqs = stack.sqs()

    def close(self) -> None:
        self._dynamodb.close()
        self._sqs.close()

    def account(self, user: str) -> Item | None:
        return self._get("AccountsTable", "pk", f"ACCOUNT#{user}")

    def purchase(self, session_id: str) -> Item | None:
        return self._get("AccountsTable", "pk", f"PURCHASE#{session_id}")

    def event(self, event_id: str) -> Item | None:
        return self._get("EventsTable", "id", event_id)

    def outcomes(self, event_ids: Iterable[str]) -> dict[str, str]:
        """What became of those that are recorded, by id; asked for a hundred at a time, which costs the system less."""
        table = self._names["EventsTable"]
        found: dict[str, str] = {}
        for some in batched(sorted(set(event_ids)), 100, strict=False):
            keys: Any = [{"id": {"S": event_id}} for event_id in some]
            wanted: Any = {table: {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "id, outcome"}}
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            found |= {item["id"]["S"]: item["outcome"]["S"] for item in answer["Responses"].get(table, [])}
        return found

    def ledger(self, user: str) -> list[Item]:
        """A user's entries, oldest first."""
        answer = self._dynamodb.query(
            TableName=self._names["LedgerTable"],
            KeyConditionExpression="#user = :user",
            ExpressionAttributeNames={"#user": "user"},
            ExpressionAttributeValues={":user": {"S": user}},
            ConsistentRead=True,
        )
        return [_plain(item) for item in answer["Items"]]

    def everything(self) -> dict[str, list[Item]]:
        """Every item of every table, in a stable order: equal before and after means that nothing was stored."""
        return {table: sorted(self._scan(table), key=repr) for table in TABLES}

    def send(self, message: object) -> None:
        """Put a message onto the events queue, as another sender than the webhook does."""
        self._sqs.send_message(QueueUrl=self._urls["EventsQueue"], MessageBody=json.dumps(message))

    def messages(self, queue: str = "EventsQueue") -> int:
        """Messages in a queue, those that somebody is working on included."""
        return sum(self._counts(queue))

    def in_flight(self) -> bool:
        """Whether somebody is working on a message."""
        return self._counts("EventsQueue")[1] > 0

    def _counts(self, queue: str) -> list[int]:
        """Waiting, being worked on, delayed."""
        found: Any = self._sqs.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=["All"])
        return [
            int(found["Attributes"][f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed")
        ]

    def wait_until_drained(self) -> None:
        """Wait until the queue is empty; nothing may have ended among the dead letters."""
        until("the queue is drained", lambda: self.messages() == 0)
        assert self.messages("EventsDeadLetterQueue") == 0

    def wait_for_ledger(self, user: str, entries: int) -> list[Item]:
        found = until(
            f"{entries} ledger entries of {user}",
            lambda: rows if len(rows := self.ledger(user)) >= entries else None,
        )
        assert len(found) == entries, found
        return found

    def check(self, user: str, balance: int, kinds: list[str]) -> None:
        """Balance = sum of the ledger = sum of the lots, and the ledger has these kinds of entries and no others."""
        account, ledger = self.account(user) or {}, self.ledger(user)
        assert [entry["kind"] for entry in ledger] == kinds, ledger
        lots = [lot["granted"] - lot["reversed"] - lot["used"] - lot["expired"] for lot in account.get("lots", ())]
        figures = {
            "account": account.get("balance", 0),
            "ledger": sum(entry["amount"] for entry in ledger),
            "last entry": ledger[-1]["balance_after"] if ledger else 0,
            "lots": sum(lots),
        }
        assert figures == dict.fromkeys(figures, balance)

    def _get(self, table: str, key: str, value: str) -> Item | None:
        answer = self._dynamodb.get_item(TableName=self._names[table], Key={key: {"S": value}}, ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None

    def _scan(self, table: str) -> list[Item]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._names[table], ConsistentRead=True)
        return [_plain(item) for page in pages for item in page["Items"]]


def _plain(item: Any) -> Item:
    return {name: _value(value) for name, value in item.items()}
