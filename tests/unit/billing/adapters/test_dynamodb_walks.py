"""How far a list of events was read, against moto (money rule 27)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.domain.ids import EventId
from billing.domain.walk import Walk
from tests.unit.billing.adapters.dynamo_tables import World

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WALK = Walk("events:0", NOW, NOW - timedelta(hours=1), until=NOW + timedelta(hours=1), after=EventId("evt_1"))


@pytest.fixture
def walks(world: World) -> DynamoWalks:
    return DynamoWalks(world.client, world.tables)


def test_nothing_is_there_before_the_first_write(walks: DynamoWalks) -> None:
    assert walks.load("events:0") is None


@pytest.mark.parametrize("walk", [WALK, replace(WALK, until=None, after=None)])
def test_what_is_written_is_read_and_counted(walks: DynamoWalks, walk: Walk) -> None:
    written = walks.save(walk)
    assert written == replace(walk, version=1)
    assert walks.load("events:0") == written
    assert walks.load("events:1") is None


def test_what_another_process_has_written_is_read(world: World, walks: DynamoWalks) -> None:
    """Each keeps its own, and lives for hours: the next run may be anybody's."""
    mine = walks.save(WALK)
    assert mine is not None
    theirs = DynamoWalks(world.client, world.tables).save(replace(mine, seen=NOW + timedelta(hours=1)))
    assert theirs is not None
    assert walks.load("events:0") == theirs


def test_it_is_written_on_and_on(walks: DynamoWalks) -> None:
    stands = WALK
    for version in (1, 2, 3):
        saved = walks.save(stands)
        assert saved is not None
        assert saved.version == version
        stands = replace(saved, seen=NOW + timedelta(hours=version))


@pytest.mark.parametrize("writes", [1, 2])
def test_a_write_on_what_is_out_of_date_is_refused(walks: DynamoWalks, writes: int) -> None:
    stands = WALK
    for _ in range(writes - 1):
        stands = walks.save(stands) or stands
    winner = walks.save(stands)
    assert walks.save(replace(stands, seen=NOW + timedelta(days=9))) is None
    assert walks.load("events:0") == winner
