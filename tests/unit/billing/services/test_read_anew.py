"""After records of events were lost: Stripe's list is read anew, as far as it goes back (F48, money rule 29)."""

from datetime import timedelta

import pytest

from billing.domain.ids import EventId
from billing.errors import Contention
from billing.services.catch_up import read_anew
from tests.fakes.catching_up import HOUR, OTHER, TYPE, CatchingUp
from tests.fakes.snapshots import NOW

LATER = NOW + HOUR


@pytest.fixture
def world() -> CatchingUp:
    return CatchingUp()


@pytest.mark.parametrize("kind", [TYPE, OTHER], ids=["of the first list", "of the second"])
def test_what_lost_its_record_is_queued_again_however_old_it_is(world: CatchingUp, kind: str) -> None:
    """F48: the events table was put back alone, and the walks, in another table, are past what it has forgotten."""
    world.core.has_customer()
    world.made("evt_quarantined", kind, ago=timedelta(days=20), livemode=True)
    world.made("evt_kept", OTHER)
    world.run()
    world.core.deliver(*world.core.queue.bodies)
    assert set(world.core.outcomes()) == {"evt_quarantined", "evt_kept"}
    world.queued()
    del world.core.tables.events[EventId("evt_quarantined")]
    world.core.clock.time = LATER
    assert (world.run().queued, world.queued()) == (0, []), "nobody looks so far back"
    read_anew(world.walks, LATER)
    assert (world.run().queued, world.queued()) == (1, ["evt_quarantined"])


def test_a_pass_that_is_under_way_begins_anew(world: CatchingUp) -> None:
    for number in range(150):
        world.made(f"evt_{number}")
    world.run(deadline=timedelta())
    world.queued()
    read_anew(world.walks, NOW)
    assert world.run().read == 150


def test_a_list_is_read_anew_though_another_was_never_read(world: CatchingUp) -> None:
    """A restore may have lost that walk alone."""
    world.made("evt_old", ago=timedelta(days=20))
    world.run()
    world.queued()
    for lost in list(world.walks.kept):
        kept = world.walks.kept.copy()
        del world.walks.kept[lost]
        read_anew(world.walks, LATER)
        assert all(walk != kept[name] for name, walk in world.walks.kept.items())
        world.walks.kept = kept


def test_nobody_has_read_yet(world: CatchingUp) -> None:
    read_anew(world.walks, NOW)
    assert world.walks.kept == {}


def test_a_schedule_that_runs_meanwhile_is_told(world: CatchingUp) -> None:
    world.made("evt_1")
    world.run()
    world.calls.before("save walk", world.run)
    with pytest.raises(Contention):
        read_anew(world.walks, LATER)
