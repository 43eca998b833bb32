"""The events table: written once, moved once from waiting to done, never kept for longer than it is of use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.adapters.dynamodb.event_store import taken_off
from billing.domain.ids import EventId
from billing.domain.records import Outcome, Recording, Unparked
from tests.unit.billing.adapters.dynamo_tables import CUSTOMER, NOW, World, event, stored

TERMINAL = [Outcome.APPLIED, Outcome.NOOP, Outcome.IGNORED]
WAITING = [Outcome.PARKED, Outcome.QUARANTINED]


def kept(world: World) -> dict[str, object]:
    item = world.event("evt_1")
    assert item is not None
    return item


@pytest.mark.parametrize("second", list(Outcome))
@pytest.mark.parametrize("first", TERMINAL)
def test_a_terminal_record_stands(world: World, first: Outcome, second: Outcome) -> None:
    """F01: what was handled is handled."""
    assert world.events.record(event(outcome=first, reason="first")) is Recording.WRITTEN
    assert world.events.record(event(outcome=second, reason="second")) is Recording.RECORDED
    assert (kept(world)["outcome"], kept(world)["reason"]) == (first, "first")


@pytest.mark.parametrize("second", list(Outcome))
@pytest.mark.parametrize("first", WAITING)
def test_a_waiting_record_can_be_tried_again(world: World, first: Outcome, second: Outcome) -> None:
    """F53: applied, once."""
    assert world.events.record(event(outcome=first, reason="first")) is Recording.WRITTEN
    assert world.events.record(event(outcome=second, reason=None)) is Recording.WRITTEN
    assert (kept(world)["outcome"], kept(world)["reason"]) == (second, None)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_terminal_records_run_out(world: World, outcome: Outcome) -> None:
    """By the attribute that the template names for the time to live: seconds, 90 days after the recording, however old
    the event is (F51).
    """
    attribute = world.definitions["EventsTable"].ttl_attribute
    assert attribute is not None
    world.events.record(event(outcome=outcome, created=NOW - timedelta(days=29)))
    ends = int((NOW + timedelta(days=90)).timestamp()) if outcome in TERMINAL else None
    assert kept(world).get(attribute) == ends
    assert (attribute in kept(world)) is (outcome in TERMINAL)


def test_a_waiting_record_that_is_done_begins_to_run_out(world: World) -> None:
    world.events.record(event(outcome=Outcome.PARKED))
    world.events.record(event(outcome=Outcome.APPLIED))
    assert "expires_at" in kept(world)


def test_nothing_is_parked_for_a_customer_who_has_an_owner(world: World) -> None:
    """Money rule 9: else the event would wait for an owner that is there already."""
    world.accounts.own_customers(stored(world), [CUSTOMER])
    assert world.events.record(event(outcome=Outcome.PARKED)) is Recording.OWNED
    assert world.event("evt_1") is None


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PARKED])
def test_every_other_outcome_is_recorded_whoever_owns_the_customer(world: World, outcome: Outcome) -> None:
    world.accounts.own_customers(stored(world), [CUSTOMER])
    assert world.events.record(event(outcome=outcome)) is Recording.WRITTEN


def test_a_customer_of_nobody_or_none_at_all_can_be_parked(world: World) -> None:
    assert world.events.record(event(outcome=Outcome.PARKED)) is Recording.WRITTEN
    assert world.events.record(event(outcome=Outcome.PARKED, customer=None)) is Recording.WRITTEN


def test_one_that_is_taken_off_its_customers_list_leaves_the_others(world: World) -> None:
    for name in ("evt_1", "evt_2"):
        world.events.record(event(id=EventId(name), outcome=Outcome.PARKED))
    one: Any = taken_off(world.tables.accounts, Unparked(CUSTOMER, frozenset({EventId("evt_1")}), last=False))
    world.client.transact_write_items(TransactItems=[one])
    assert [record.id for record in world.events.parked(CUSTOMER, 40).records] == ["evt_2"]


def test_recorded_speaks_before_owned(world: World) -> None:
    """Of an event that was handled nothing is left to do, whoever owns its customer by now."""
    world.accounts.own_customers(stored(world), [CUSTOMER])
    world.events.record(event())
    assert world.events.record(event(outcome=Outcome.PARKED)) is Recording.RECORDED
