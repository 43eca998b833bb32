"""Stripe, DynamoDB and SQS, as far as lists are read: they count what they are asked, and each call takes its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from types import SimpleNamespace
from typing import Any

from billing.adapters.dynamodb.items import Attributes
from tests.bench.units import READ, WRITE, size
from tests.fakes.snapshots import NOW
from tests.reconcile_cost.shop import Length, Shop

A_PAGE, A_READ, A_WRITE, A_MESSAGE = 0.5, 0.02, 0.02, 0.01
"""Seconds that calls are assumed to take: of Stripe for a hundred objects, of DynamoDB, of SQS."""


@dataclass
class Meter:
    """What was asked so far, and the time that it took. It is the clock, too."""

    requests: int = 0
    read_units: int = 0
    write_units: int = 0
    messages: int = 0
    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Page:
    """What the SDK makes of a list."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    def to_dict(self) -> dict[str, Any]:
        return self._body


class Lists:
    """A client of the SDK that has lists of these lengths. A cursor is the last object's id, which has its number."""

    def __init__(self, meter: Meter, lengths: Mapping[str, Length]) -> None:
        self._meter = meter
        sessions = SimpleNamespace(list=self._listing(lengths.get("sessions")))
        names = ("subscriptions", "invoices", "refunds", "disputes", "events")
        rooms = {name: SimpleNamespace(list=self._listing(lengths.get(name))) for name in names}
        self.v1 = SimpleNamespace(checkout=SimpleNamespace(sessions=sessions), **rooms)

    def _listing(self, length: Length | None) -> Any:
        def page(asked: Mapping[str, Any]) -> Page:
            assert length is not None
            self._meter.requests += 1
            self._meter.seconds += A_PAGE
            first = int(asked["starting_after"].rpartition("_")[2]) + 1 if "starting_after" in asked else 0
            last = min(first + asked["limit"], length.count)
            told = [length.told(number) for number in range(first, last)]
            return Page({"data": told, "has_more": last < length.count})

        return page


class Tables:
    """A client of DynamoDB over what the shop has stored, and over walks that are written."""

    def __init__(self, meter: Meter, shop: Shop) -> None:
        self._meter = meter
        self._shop = shop
        self._walks: dict[str, Attributes] = {}
        self._sizes: dict[str, int] = {}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        found = self._walks.get(Key["pk"]["S"])
        self._read(Key["pk"]["S"], found)
        self._meter.seconds += A_READ
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        ((table, asked),) = RequestItems.items()
        self._meter.seconds += A_READ
        found = []
        for key in asked["Keys"]:
            (name,) = (part["S"] for part in key.values())
            item = self._shop.item(name)
            self._read(name, item)
            if item is not None:
                found.append(_shown(item, asked))
        return {"Responses": {table: found}}

    def transact_write_items(self, *, TransactItems: Any) -> None:  # noqa: N803
        """One unit for each kilobyte, twice in a transaction."""
        self._meter.seconds += A_WRITE
        for each in TransactItems:
            item = each["Put"]["Item"]
            self._walks[item["pk"]["S"]] = item
            self._meter.write_units += 2 * ceil(size(item) / WRITE)

    def _read(self, name: str, item: Attributes | None) -> None:
        """A consistent read of an item costs a unit for each four kilobytes; of none, one. A kind's items are alike."""
        kind = name.partition("#")[0] if "#" in name else ""
        if item is not None and kind not in self._sizes:
            self._sizes[kind] = size(item)
        self._meter.read_units += 1 if item is None else ceil(self._sizes[kind] / READ)


class Mailbox:
    """The queue."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def send(self, body: str) -> None:
        assert body
        self._meter.messages += 1
        self._meter.seconds += A_MESSAGE

    def delay(self, receipt: str, seconds: int) -> None:
        raise AssertionError("nobody receives here")


def _shown(item: Attributes, asked: Mapping[str, Any]) -> Attributes:
    if "ProjectionExpression" not in asked:
        return item
    names = asked["ExpressionAttributeNames"].values()
    return {name: item[name] for name in names if name in item}
