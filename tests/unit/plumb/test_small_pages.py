"""What plumb reads of tables is all of it, and as it is now; and what DynamoDB leaves undone is asked for again.

moto answers with all that there is, takes every batch as a whole and knows no copy that is behind. DynamoDB need not:
a page ends at 1 MB, a batch is cut short when it is busy, and what was just written may be missing in a read that does
not ask for it (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from billing.adapters.dynamodb.items import to_item
from billing.domain.ids import UserId
from billing.domain.ledger import Entry, Kind
from plumb.commands.report import _entries
from plumb.restore.copying import Copied, copy
from plumb.restore.events import forget_records
from plumb.scan import items, users, users_of_ledger
from tests.fakes.snapshots import NOW
from tests.fakes.world import FakeClock

_MOST = 3
"""Items of a page and of a batch."""


class _Dynamo:
    """A client of moto whose pages and batches are small, and who looked for what may be behind."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("dynamodb", region_name="eu-central-1")
        self.stale: list[str] = []
        self._left: dict[str, Any] = {}
        events = self.client.meta.events
        for operation in ("Scan", "BatchGetItem", "BatchWriteItem"):
            events.register(f"provide-client-params.dynamodb.{operation}", getattr(self, f"_{operation}"))
        events.register("after-call.dynamodb.BatchGetItem", lambda parsed, **_: self._undone(parsed, "UnprocessedKeys"))
        events.register(
            "after-call.dynamodb.BatchWriteItem", lambda parsed, **_: self._undone(parsed, "UnprocessedItems")
        )

    def table(self, name: str, *keys: str, holds: list[dict[str, Any]]) -> None:
        self.client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in holds:
            self.client.put_item(TableName=name, Item=item)

    def _Scan(self, params: dict[str, Any], **_: object) -> dict[str, Any]:  # noqa: N802  botocore's name
        if not params.get("ConsistentRead"):
            self.stale.append(params["TableName"])
        return params | {"Limit": _MOST}

    def _BatchGetItem(self, params: dict[str, Any], **_: object) -> dict[str, Any]:  # noqa: N802
        ((name, asked),) = params["RequestItems"].items()
        if not asked.get("ConsistentRead"):
            self.stale.append(name)
        self._left = {name: asked | {"Keys": asked["Keys"][_MOST:]}} if asked["Keys"][_MOST:] else {}
        return {"RequestItems": {name: asked | {"Keys": asked["Keys"][:_MOST]}}}

    def _BatchWriteItem(self, params: dict[str, Any], **_: object) -> dict[str, Any]:  # noqa: N802
        ((name, writes),) = params["RequestItems"].items()
        self._left = {name: writes[_MOST:]} if writes[_MOST:] else {}
        return {"RequestItems": {name: writes[:_MOST]}}

    def _undone(self, parsed: dict[str, Any], name: str) -> None:
        parsed[name] = self._left


@pytest.fixture
def dynamo() -> Iterator[_Dynamo]:
    with mock_aws():
        dynamo = _Dynamo()
        yield dynamo
        assert dynamo.stale == []


def _row(number: int, user: str = "alice") -> dict[str, Any]:
    return {"user": {"S": user}, "entry": {"S": f"{number:012d}#000"}}


def test_everybody_is_found(dynamo: _Dynamo) -> None:
    names = [f"user-{number}" for number in range(8)]
    dynamo.table(
        "accounts", "pk", holds=[{"pk": {"S": f"{kind}{name}"}} for name in names for kind in ("ACCOUNT#", "ORDER#")]
    )
    assert sorted(users(dynamo.client, "accounts")) == names
    assert len(list(items(dynamo.client, "accounts", "ORDER#"))) == len(names)


def test_everybody_who_has_an_entry_is_found_once(dynamo: _Dynamo) -> None:
    """A user's entries may go on on the next page."""
    names = [f"user-{number}" for number in range(5)]
    dynamo.table("ledger", "user", "entry", holds=[_row(number, name) for name in names for number in range(4)])
    assert sorted(users_of_ledger(dynamo.client, "ledger")) == names


def test_a_report_counts_every_entry(dynamo: _Dynamo) -> None:
    spent = Entry(UserId("alice"), 0, 0, Kind.SPEND, -1, 9, None, None, "api", "spent", NOW)
    booked = [replace(spent, version=version) for version in range(8)]
    dynamo.table("ledger", "user", "entry", holds=[to_item(entry, entry=entry.key) for entry in booked])
    world: Any = SimpleNamespace(
        dynamodb=dynamo.client, settings=SimpleNamespace(tables=SimpleNamespace(ledger="ledger"))
    )
    assert list(_entries(world)) == booked


def test_a_table_is_copied_to_its_end(dynamo: _Dynamo) -> None:
    """F48: an item that was left behind is money that somebody has, or has not."""
    dynamo.table("source", "user", "entry", holds=[_row(number) for number in range(20)])
    dynamo.table("target", "user", "entry", holds=[_row(number, "bob") for number in range(20)])
    clock = FakeClock(NOW)
    assert copy(dynamo.client, "source", "target", clock, lambda _: None) == Copied(put=20, removed=20)
    held = dynamo.client.get_paginator("scan").paginate(TableName="target", ConsistentRead=True)
    assert [item for page in held for item in page["Items"]] == [_row(number) for number in range(20)]
    assert clock.now() > NOW, "what was not taken is sent again after a while"


def test_what_is_in_both_tables_is_not_removed(dynamo: _Dynamo) -> None:
    """A busy table answers of some keys later: until then they look like items that the source does not have."""
    for name in ("source", "target"):
        dynamo.table(name, "user", "entry", holds=[_row(number) for number in range(8)])
    clock = FakeClock(NOW)
    assert copy(dynamo.client, "source", "target", clock, lambda _: None) == Copied(put=8, removed=0)
    assert len(clock.slept) == 4, "of eight keys three are told of at once, and of eight items three are taken"


@pytest.mark.parametrize("dry", [True, False])
def test_the_record_of_every_event_since_is_forgotten(dynamo: _Dynamo, dry: bool) -> None:
    """F48: a record that stays says of an event that it was applied, and no account has it any more.

    Whenever Stripe made the event: its webhook may have come days later.
    """
    times = {f"evt_{number}": NOW + timedelta(minutes=number - 3) for number in range(120)}
    made = {"created": {"S": (NOW - timedelta(days=1)).isoformat()}}
    records = [made | {"id": {"S": name}, "recorded_at": {"S": at.isoformat()}} for name, at in times.items()]
    dynamo.table("events", "id", holds=records)
    assert forget_records(dynamo.client, "events", NOW, lambda: None, dry=dry) == 117
    left = dynamo.client.get_paginator("scan").paginate(TableName="events", ConsistentRead=True)
    kept = {item["id"]["S"] for page in left for item in page["Items"]}
    assert kept == (set(times) if dry else {"evt_0", "evt_1", "evt_2"})
