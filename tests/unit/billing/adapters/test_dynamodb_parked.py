"""The list of a customer's parked events, and reading records back, against moto (money rules 8 and 9)."""

import json
from dataclasses import replace

from billing.adapters.dynamodb.credit_store import DynamoDue
from billing.adapters.dynamodb.event_store import MOST_PARKED, DynamoEvents
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.domain.ids import CustomerId, EventId
from billing.domain.records import Commit, EventRecord, Outcome, Recording, Unparked
from billing.domain.walk import Walk
from tests.unit.billing.adapters.dynamo_tables import CUSTOMER, NOW, World, event, stored

STRANGER = CustomerId("cus_stranger")
MESSAGE = json.dumps({"v": 1, "id": "evt_1"})


def parked(name: str = "evt_1") -> EventRecord:
    return event(id=EventId(name), outcome=Outcome.PARKED, reason="no owner", customer=STRANGER, message=MESSAGE)


def test_a_parked_event_stands_on_its_customers_list_and_keeps_its_message(world: World) -> None:
    assert world.events.record(parked()) is Recording.WRITTEN
    assert world.events.record(parked()) is Recording.WRITTEN  # delivered again: moved from parked to parked
    found = world.events.parked(STRANGER, 10)
    assert found.records == (parked(),)
    assert found.unparked == Unparked(STRANGER, frozenset({EventId("evt_1")}), last=True)


def test_a_list_is_read_in_parts_and_taken_off_with_a_commit(world: World) -> None:
    for number in range(3):
        world.events.record(parked(f"evt_{number}"))
    account = stored(world)
    first = world.events.parked(STRANGER, 2)
    assert [record.id for record in first.records] == ["evt_0", "evt_1"]
    assert first.unparked == Unparked(STRANGER, frozenset({EventId("evt_0"), EventId("evt_1")}), last=False)
    world.accounts.commit(Commit(account, account, changed=False, unparked=(first.unparked,)))
    rest = world.events.parked(STRANGER, 2)
    assert [record.id for record in rest.records] == ["evt_2"]
    assert rest.unparked is not None
    again = world.accounts.load(account.user, []).account
    world.accounts.commit(Commit(again, again, changed=False, unparked=(rest.unparked,)))
    assert world.events.parked(STRANGER, 2).unparked is None


def test_a_list_of_which_nothing_is_left_is_taken_off_whole(world: World) -> None:
    """Two commits may each take off a part, and neither know that it was the last."""
    world.events.record(parked())
    account = stored(world)
    part = Unparked(STRANGER, frozenset({EventId("evt_1")}), last=False)
    world.accounts.commit(Commit(account, account, changed=False, unparked=(part,)))
    found = world.events.parked(STRANGER, 10)
    assert (found.records, found.unparked) == ((), Unparked(STRANGER, frozenset(), last=True))


def test_one_commit_takes_off_what_it_applied_of_several_customers(world: World) -> None:
    account = stored(world)
    for customer in (STRANGER, CUSTOMER):
        world.events.record(replace(parked(f"evt_of_{customer}"), customer=customer))
    both = tuple(
        Unparked(customer, frozenset({EventId(f"evt_of_{customer}")}), last=True) for customer in (STRANGER, CUSTOMER)
    )
    world.accounts.commit(Commit(account, account, changed=False, unparked=both))
    assert [world.events.parked(customer, 10).unparked for customer in (STRANGER, CUSTOMER)] == [None, None]


def test_a_customer_without_a_list_has_nothing_parked(world: World) -> None:
    assert (world.events.parked(STRANGER, 10).records, world.events.parked(STRANGER, 10).unparked) == ((), None)


def test_whoever_asks_for_an_owner_learns_of_the_list(world: World) -> None:
    world.events.record(parked())
    assert world.accounts.owners([STRANGER]) == {}
    account = world.accounts.own_customers(stored(world), [STRANGER, CUSTOMER])
    assert account is not None
    owners = world.accounts.owners([STRANGER, CUSTOMER])
    assert {customer: owner.parked for customer, owner in owners.items()} == {STRANGER: True, CUSTOMER: False}


def test_no_event_joins_the_list_of_a_customer_that_has_an_owner(world: World) -> None:
    world.accounts.own_customers(stored(world), [STRANGER])
    assert world.events.record(parked()) is Recording.OWNED
    assert world.events.parked(STRANGER, 10).unparked is None


def test_an_event_that_is_settled_joins_no_list(world: World) -> None:
    world.events.record(event(id=EventId("evt_1"), outcome=Outcome.NOOP))
    assert world.events.record(parked()) is Recording.RECORDED
    assert world.events.parked(STRANGER, 10).unparked is None


def test_a_full_list_takes_no_more_and_the_event_is_parked_all_the_same(world: World) -> None:
    events = DynamoEvents(world.client, world.tables, most_parked=2)
    for number in range(3):
        assert events.record(parked(f"evt_{number}")) is Recording.WRITTEN
    assert [record.id for record in world.events.parked(STRANGER, 10).records] == ["evt_0", "evt_1"]
    assert world.events.records([EventId("evt_2")])[EventId("evt_2")].outcome is Outcome.PARKED
    world.accounts.own_customers(stored(world), [STRANGER])
    assert events.record(parked("evt_3")) is Recording.OWNED


def test_an_owner_that_appears_while_a_full_list_is_met_brings_the_event_back(world: World) -> None:
    """Money rule 9: also the second try, without the list, is written only while there is none."""
    events = DynamoEvents(world.client, world.tables, most_parked=1)
    events.record(parked("evt_0"))
    account, tries = stored(world), list[object]()

    def second_try(params: object, **_: object) -> None:
        tries.append(params)
        if len(tries) == 2:
            world.accounts.own_customers(account, [STRANGER])

    name = "provide-client-params.dynamodb.TransactWriteItems"
    world.client.meta.events.register(name, second_try)
    try:
        assert events.record(parked("evt_1")) is Recording.OWNED
    finally:
        world.client.meta.events.unregister(name, second_try)
    assert world.events.records([EventId("evt_1")]) == {}


def test_an_event_whose_record_is_gone_is_taken_off_its_list_too(world: World) -> None:
    for name in ("evt_0", "evt_1"):
        world.events.record(parked(name))
    world.client.delete_item(TableName=world.tables.events, Key={"id": {"S": "evt_0"}})
    found = world.events.parked(STRANGER, 1)
    assert (found.records, found.unparked) == ((), Unparked(STRANGER, frozenset({EventId("evt_0")}), last=False))


def test_records_are_read_back_by_id(world: World) -> None:
    settled = event(id=EventId("evt_2"), outcome=Outcome.APPLIED)
    for record in (parked(), settled):
        world.events.record(record)
    ids = [EventId(name) for name in ("evt_1", "evt_2", "evt_3")]
    assert world.events.records(ids) == {EventId("evt_1"): parked(), EventId("evt_2"): settled}
    assert world.events.records([]) == {}


def test_a_message_is_gone_once_its_event_is_settled(world: World) -> None:
    world.events.record(parked())
    world.accounts.commit(
        Commit(account := stored(world), account, changed=False, events=(event(id=EventId("evt_1")),))
    )
    assert world.events.records([EventId("evt_1")])[EventId("evt_1")].message is None


# ------------------------------------------------------------------------------------------- whose events are parked


def test_customers_with_a_list_are_listed_by_their_ids(world: World) -> None:
    """Money rule 27. The order in which their events came says nothing."""
    customers = [CustomerId(f"cus_{number:03}") for number in range(105)]
    for customer in reversed(customers):
        world.events.record(replace(parked(f"evt_of_{customer}"), customer=customer))
    world.events.record(replace(parked("evt_once_more"), customer=customers[0]))
    lists = DynamoParked(world.client, world.tables)
    walk = Walk("parked", NOW, NOW, NOW)
    first = lists.page(walk)
    assert [obj["id"] for obj in first.objects] == customers[:100]
    assert first.after == customers[99]
    rest = lists.page(replace(walk, after=first.after))
    assert (rest.objects[0], len(rest.objects)) == ({"object": "customer", "id": customers[100]}, 5)
    assert world.requests[-1]["ExclusiveStartKey"]["pk"] == {"S": f"PARKED#{customers[99]}"}
    assert rest.after is None


def test_a_list_of_as_many_events_as_there_may_be_fits_into_an_item() -> None:
    """DynamoDB takes 400 KB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)."""
    assert MOST_PARKED * len(f"look_re_{'a' * 100}_1800000000") < 300_000


def test_what_is_due_is_no_parked_list(world: World) -> None:
    world.events.record(parked())
    assert [*DynamoDue(world.client, world.tables).due(NOW.replace(year=2200))] == []
