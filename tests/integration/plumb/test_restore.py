"""F48: tables that were put back to an hour ago, and the commands of docs/restore.md, over a running system of its own.

What is known to Stripe or to the ledger comes back, once; what is known to neither is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator, Result
from tests.integration.purchase.books import TABLES, Books
from tests.integration.purchase.clock import Clock
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Shop

PARTS = ("poller", "timer")


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    with Stack(warm=()) as running:
        yield running


@pytest.fixture
def operator(own: Stack, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys, own.state_dir / "system.json")


@pytest.fixture(scope="module")
def books(own: Stack) -> Iterator[Books]:
    opened = Books(own)
    yield opened
    opened.close()


class Drill:
    """A shop in which three users have bought and spent, tables as they were then, and an hour more of it."""

    def __init__(self, stack: Stack, shop: Shop, books: Books) -> None:
        self.stack, self.shop, self.books = stack, shop, books
        self.tables = stack.dynamodb()
        service = Service(shop)
        for user in ("alice", "bob"):
            shop.success(shop.buy(user))
        first = service.spend("alice", 100, "before").json()["transaction"]["id"]
        shop.settle(books)
        stack.freeze("timer")  # a schedule that comes in the middle of the drill would be another's deed
        self.copy("then")
        clock = Clock(shop)
        self.since = self.now()
        clock.advance(timedelta(hours=1))
        service.spend("alice", 50, "since", reference="job-2")
        service.reverse("alice", first, "undone")
        shop.success(shop.buy("alice", "credits_2000_90d"))
        service.spend("alice", 30, "since-2")
        bought = shop.buy("carol")
        shop.success(bought)
        service.spend("carol", 40, "since")
        self.refund_half("bob")
        self.open = shop.checkout("dave")
        shop.settle(books)
        self.copy("now")

    def now(self) -> str:
        return f"{datetime.fromtimestamp(self.shop.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"

    def refund_half(self, user: str) -> None:
        [entry] = [each for each in self.books.ledger(user) if each["kind"] == "PURCHASE"]
        session = self.shop.stripe("GET", f"checkout/sessions/{entry['stripe_object']}")
        self.shop.stripe("POST", "refunds", payment_intent=session["payment_intent"], amount=250)

    def strangers_event(self) -> None:
        """Somebody makes a customer by hand, and changes it: it has no owner."""
        customer = self.shop.stripe("POST", "customers", name="Erin")
        self.shop.stripe("POST", f"customers/{customer['id']}", name="Erin E.")

    def copy(self, name: str) -> None:
        """What point-in-time recovery makes of each table: another one."""
        for table in TABLES:
            source = self.stack.table_name(table)
            described = self.tables.describe_table(TableName=source)["Table"]
            keys = {key["AttributeName"] for key in described["KeySchema"]}
            self.tables.create_table(
                TableName=f"{source}-{name}",
                KeySchema=described["KeySchema"],
                AttributeDefinitions=[
                    each for each in described["AttributeDefinitions"] if each["AttributeName"] in keys
                ],
                BillingMode="PAY_PER_REQUEST",
            )
            for page in self.tables.get_paginator("scan").paginate(TableName=source):
                for item in page["Items"]:
                    self.tables.put_item(TableName=f"{source}-{name}", Item=item)

    def age_records(self, *minutes: int) -> int:
        """Let some records of events be from so long before the moment; how many records there are."""
        table = self.stack.table_name("EventsTable")
        records = self.tables.scan(TableName=table)["Items"]
        for record, before in zip(records, minutes, strict=False):
            at = datetime.fromisoformat(self.since) - timedelta(minutes=before)
            self.tables.put_item(TableName=table, Item=record | {"recorded_at": {"S": at.isoformat()}})
        return len(records)

    def forget_cache(self) -> None:
        """What a higher RedisEpoch comes to; the local system can't be deployed anew with its tables."""
        key = {"authorization": f"Bearer {self.stack.upstash_token}"}
        self.shop.http.post(self.stack.upstash_url, json=["FLUSHALL"], headers=key).raise_for_status()

    def balances(self) -> dict[str, int]:
        return {user: (self.books.account(user) or {}).get("balance", 0) for user in ("alice", "bob", "carol")}

    def kinds(self, user: str) -> list[tuple[str, int]]:
        return [(entry["kind"], int(entry["amount"])) for entry in self.books.ledger(user) if entry["amount"]]


@pytest.fixture(scope="module")
def drill(own: Stack, books: Books) -> Iterator[Drill]:
    shop = Shop(own)
    yield Drill(own, shop, books)
    shop.close()


ONCE = {
    "alice": [
        ("PURCHASE", 500),
        ("SPEND", -100),
        ("SPEND", -50),
        ("SPEND_REVERSAL", 100),
        ("PURCHASE", 2000),
        ("SPEND", -30),
    ],
    "bob": [("PURCHASE", 500), ("REFUND", -250)],
    "carol": [("PURCHASE", 500), ("SPEND", -40)],
}


@contextmanager
def broken_price(drill: Drill, key: str) -> Iterator[str]:
    """Somebody has mistyped what the price gives."""
    [price] = drill.shop.stripe("GET", "prices", **{"lookup_keys[]": key})["data"]
    drill.shop.stripe("POST", f"prices/{price['id']}", **{"metadata[credits_amount]": "many"})
    try:
        yield price["id"]
    finally:
        drill.shop.stripe("POST", f"prices/{price['id']}", **{"metadata[credits_amount]": ""})


def put_back(drill: Drill, plumb: Operator, name: str, *tables: str) -> None:
    for table in tables:
        source = f"{drill.stack.table_name(f'{table.capitalize()}Table')}-{name}"
        assert plumb("restore", "copy", table, source, "--yes").code == 0
    drill.forget_cache()


def mended(drill: Drill, plumb: Operator) -> Result:
    """The steps after the tables were put back; what the mending told."""
    mend = ("restore", "mend", "--since", drill.since, "--actor", "jo", "--yes")
    told = plumb(*mend)
    assert told.code == 0, told
    resynced = plumb("resync", "--all", "--actor", "jo")
    assert resynced.code == 0, resynced
    again = plumb(*mend)
    assert (again.code, "0 accounts rebuilt." in again.out) == (0, True), again
    assert plumb("check").out == ""
    drill.stack.thaw("poller")
    assert plumb("reconcile").code == 0
    drill.shop.settle(drill.books)
    drill.stack.freeze("poller")
    assert plumb("check").out == ""
    return told


def test_accounts_of_an_hour_ago_are_mended_by_the_ledger_of_now(
    drill: Drill, operator: Operator, books: Books
) -> None:
    """F48: nothing is lost, also not what nobody but the ledger knows; nothing is there twice."""
    assert drill.balances() == {"alice": 2420, "bob": 250, "carol": 460}
    assert {user: drill.kinds(user) for user in ONCE} == ONCE
    drill.stack.freeze("poller")
    refused = operator("restore", "mend", "--since", drill.since, "--yes")
    assert "Redis still has what was cached before" in refused.err
    put_back(drill, operator, "then", "accounts", "events")
    records = drill.age_records(11, 9)
    assert drill.balances() == {"alice": 400, "bob": 500, "carol": 0}
    found = operator("check", "--no-cache")
    assert (found.code, [line.split(" ", 2)[1] for line in found.out.splitlines()]) == (1, ["ahead:", "ahead:"])
    before = books.everything()
    with broken_price(drill, "credits_2000_90d") as price:
        dry = operator("restore", "mend", "--since", drill.since, "--dry-run")
    assert dry.code == 1
    assert dry.out.startswith("A dry run: nothing is written.\n")
    assert f"of alice: its price {price} can't be read: mend the catalog, and run this again." in dry.out
    assert "of carol: its order is written again." in dry.out
    assert books.everything() == before

    told = mended(drill, operator)
    assert f"{records - 1} records of events deleted;" in told.out, "those of the ten minutes before, too, no older one"
    assert "alice: 3 entries of the ledger done again, -2000 for the resync to book anew." in told.out
    assert "carol: 1 entry of the ledger done again, -500 for the resync to book anew." in told.out
    assert re.search(r"cus_\w+ is carol's\.", told.out)
    assert told.out.count("of carol: its order is written again.") == told.out.count("of alice: its order is") == 1
    assert f"{drill.open.session_id} of dave: ended, so that nobody pays it." in told.out
    assert "3 accounts rebuilt (3 SPEND, 1 SPEND_REVERSAL)." in told.out
    assert "answers under idempotency keys of requests since" in told.out
    assert "Was it put back, too?" not in told.out
    assert drill.balances() == {"alice": 2420, "bob": 250, "carol": 460}
    assert drill.kinds("alice") == [*ONCE["alice"], ("RESTORE", -2000), ("PURCHASE", 2000)]
    assert drill.kinds("bob") == [*ONCE["bob"], ("RESTORE", 250), ("REFUND", -250)]
    assert drill.kinds("carol") == [*ONCE["carol"], ("RESTORE", -500), ("PURCHASE", 500)]
    assert {entry["actor"] for entry in books.ledger("carol")[-2:]} == {"jo"}
    assert Service(drill.shop).reverse("alice", books.ledger("alice")[1]["entry"], "twice").status_code == 409


def test_all_tables_of_an_hour_ago_get_back_what_stripe_knows(drill: Drill, operator: Operator, books: Books) -> None:
    """F48: what Stripe knows comes back, once; what was spent since is in no table any more, and that is said."""
    drill.stack.freeze("poller")
    put_back(drill, operator, "then", "accounts", "events", "ledger")
    told = mended(drill, operator)
    assert "Was it put back, too? Then users have again what they used since" in told.out
    assert drill.balances() == {"alice": 2400, "bob": 250, "carol": 500}
    assert drill.kinds("alice") == [("PURCHASE", 500), ("SPEND", -100), ("PURCHASE", 2000)]
    assert drill.kinds("bob") == [("PURCHASE", 500), ("REFUND", -250)]
    assert drill.kinds("carol") == [("PURCHASE", 500)]


def test_the_events_of_an_hour_ago_get_back_what_waits_for_an_owner(
    drill: Drill, operator: Operator, books: Books
) -> None:
    """F48: what waits for an owner comes back as well, though Stripe's list was read past it before."""
    drill.stack.thaw("poller")
    drill.strangers_event()
    drill.shop.settle(books)
    Clock(drill.shop).advance(timedelta(hours=2))
    assert operator("reconcile").code == 0
    drill.shop.settle(books)
    before = outcomes(books)
    assert "PARKED" in before.values()
    drill.stack.freeze("poller")
    put_back(drill, operator, "then", "events")
    assert outcomes(books).keys() < before.keys()
    mended(drill, operator)
    assert {name: outcome for name, outcome in outcomes(books).items() if outcome == "PARKED"}.items() <= before.items()
    assert set(outcomes(books)) == set(before)
    assert drill.balances() == {"alice": 2400, "bob": 250, "carol": 500}


def outcomes(books: Books) -> dict[str, str]:
    """What became of each event of Stripe's."""
    events = books.everything()["EventsTable"]
    return {event["id"]: event["outcome"] for event in events if event["id"].startswith("evt_")}
