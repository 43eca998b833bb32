"""The index of renewals, against moto (F50, money rule 27)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billing.adapters.dynamodb.items import attributes
from billing.adapters.dynamodb.puts import due_text
from billing.adapters.dynamodb.renewals import OVERDUE, DynamoRenewals
from billing.domain.ids import CustomerId, UserId
from billing.domain.records import Commit
from billing.domain.subscription import state_of
from billing.domain.walk import Walk
from tests.fakes.snapshots import DAY, POLICY, PRICES, a_subscription
from tests.unit.billing.adapters.dynamo_tables import NOW, World, account, grown

HELD = state_of(a_subscription(), None, [], PRICES, POLICY.levels)


def subscribed(world: World, user: str, *ends: timedelta, status: str = "active", customer: str = "cus_1") -> None:
    """A user of whom periods ended so long ago."""
    states = tuple(
        replace(HELD, period_end=NOW - ago, status=status, customer=CustomerId(f"{customer}{number or ''}"))
        for number, ago in enumerate(ends)
    )
    world.accounts.open_account(account(user=UserId(user), subscriptions=states))


@pytest.fixture
def renewals(world: World) -> DynamoRenewals:
    return DynamoRenewals(world.client, world.tables)


def test_the_look_at_subscriptions_comes_first_and_has_a_day_in_hand() -> None:
    """It looks once a day. Else a renewal that is an hour late would be told as a customer that was deleted."""
    assert OVERDUE == 2 * DAY


def listed(renewals: DynamoRenewals) -> list[tuple[str, int]]:
    """All pages of a pass."""
    found: list[tuple[str, int]] = []
    walk = Walk("renewals", NOW, NOW, NOW)
    while True:
        page = renewals.page(walk)
        found += [(obj["id"], obj["period_end"]) for obj in page.objects]
        if page.after is None:
            return found
        walk = replace(walk, after=page.after)


def test_the_first_renewal_of_an_account_that_did_not_come(world: World, renewals: DynamoRenewals) -> None:
    subscribed(world, "alice", OVERDUE, OVERDUE + DAY, customer="cus_a")
    subscribed(world, "bob", OVERDUE - timedelta(seconds=1), customer="cus_b")
    subscribed(world, "carol", OVERDUE, customer="cus_c")
    subscribed(world, "dave", OVERDUE + DAY, status="paused", customer="cus_d")
    subscribed(world, "erin", customer="cus_e")
    end = NOW - OVERDUE - DAY
    assert listed(renewals) == [("cus_a1", int(end.timestamp()))], "not what is two days over at this very moment"


@pytest.mark.parametrize(("until", "found"), [(NOW, True), (NOW - DAY, False), (None, False)])
def test_a_pass_looks_up_to_its_end_and_without_one_to_its_begin(
    world: World, renewals: DynamoRenewals, until: datetime | None, found: bool
) -> None:
    end = NOW - OVERDUE - timedelta(hours=1)
    key = {"pk": "ACCOUNT#alice", "renewal_shard": "0", "renewal_at": f"{due_text(end)}#cus_a"}
    world.put(attributes(key))
    page = renewals.page(Walk("renewals", NOW, NOW - DAY, until))
    told = {"object": "customer", "id": "cus_a", "period_end": int(end.timestamp())}
    assert page.objects == ((told,) if found else ())


@pytest.mark.usefixtures("in_tokyo")
def test_the_index_sorts_times_in_utc_wherever_the_machine_is() -> None:
    assert due_text(NOW) == "2026-11-21T10:00:00.000000+00:00"


def test_one_that_came_is_out_of_the_index(world: World, renewals: DynamoRenewals) -> None:
    subscribed(world, "alice", OVERDUE + DAY)
    for held in ((replace(HELD, period_end=NOW + DAY),), ()):
        before = world.accounts.load(UserId("alice"), []).account
        world.accounts.commit(Commit(before, grown(before, subscriptions=held), changed=True))
        assert listed(renewals) == []
    item = world.item("ACCOUNT#alice")
    assert item is not None
    assert "renewal_at" not in item


def test_accounts_of_every_partition_are_read_with_a_query_each(world: World, renewals: DynamoRenewals) -> None:
    for number in range(30):
        subscribed(world, f"user-{number}", OVERDUE + DAY, customer=f"cus_{number}")
    world.requests.clear()
    assert {customer for customer, _ in listed(renewals)} == {f"cus_{number}" for number in range(30)}
    assert [request["IndexName"] for request in world.requests] == ["renewals"] * 8


def test_a_full_page_is_gone_on_from(world: World, renewals: DynamoRenewals) -> None:
    """By the place of its last one, also when that is gone by then; a user's id may hold what parts the others."""
    ends = [f"{NOW - 9 * DAY - timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.000000+00:00}" for number in range(205)]
    for number, end in enumerate(ends):
        key = {"pk": f"ACCOUNT#a#{number}", "renewal_shard": "7", "renewal_at": f"{end}#cus_{number}"}
        world.put(attributes(key))
    found = listed(renewals)
    assert [customer for customer, _ in found] == [f"cus_{number}" for number in reversed(range(205))]
    first = renewals.page(Walk("renewals", NOW, NOW, NOW, after="7"))
    world.client.delete_item(TableName=world.tables.accounts, Key=attributes({"pk": "ACCOUNT#a#105"}))
    second = renewals.page(Walk("renewals", NOW, NOW, NOW, after=first.after))
    assert (first.objects[-1]["id"], second.objects[0]["id"]) == ("cus_105", "cus_104")
    assert world.requests[-1]["ExclusiveStartKey"]["pk"] == {"S": "ACCOUNT#a#105"}
