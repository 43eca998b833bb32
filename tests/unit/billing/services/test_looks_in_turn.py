"""When each look is made, and in which order (money rule 27)."""

from datetime import timedelta

import pytest

from billing.services.walk_on import Walked
from tests.fakes.looking import LISTS, World
from tests.fakes.stripe_told import told_subscription


@pytest.fixture
def world() -> World:
    return World()


def lists_read(world: World) -> list[str]:
    found = [name.removeprefix("list ") for name in world.core.calls.made if name.startswith("list ")]
    world.core.calls.made.clear()
    return found


def test_each_list_is_read_when_its_time_has_come(world: World) -> None:
    world.run()
    assert lists_read(world) == [*LISTS]
    world.core.clock.time += timedelta(hours=5)
    world.run()
    assert lists_read(world) == []
    world.core.clock.time += timedelta(hours=1)
    world.run()
    assert lists_read(world) == ["sessions", "parked"]
    world.core.clock.time += timedelta(hours=19)
    world.run()
    assert lists_read(world) == ["subscriptions", "invoices", "refunds", "disputes", "renewals", "sessions", "parked"]
    world.run(now=True)
    assert sorted(lists_read(world)) == sorted(LISTS), "an operator waits for nothing"


def test_no_list_waits_for_ever_behind_another(world: World) -> None:
    """Each run has time for a page, and of subscriptions there are two, each time anew."""
    made = [told_subscription(id=f"sub_{number}", customer="cus_theirs") for number in range(150)]
    world.lists.subscriptions.made = made
    world.run(timedelta())
    for _ in LISTS:
        world.run(timedelta())
    assert {name: walk.until for name, walk in world.walks.kept.items()} == dict.fromkeys(LISTS)


def test_a_run_that_stops_between_two_lists_says_that_there_is_more(world: World) -> None:
    assert world.run(timedelta()) == Walked(read=0, queued=0, more=True), "it came to no second list"


def test_what_an_operator_has_broken_off_is_gone_on_with_before_its_time(world: World) -> None:
    made = [told_subscription(id=f"sub_{number}", customer="cus_theirs") for number in range(150)]
    world.lists.subscriptions.made = made
    world.run(only="subscriptions")
    assert world.run(timedelta(), now=True, only="subscriptions") == Walked(read=100, queued=0, more=True)
    assert world.run(only="subscriptions") == Walked(read=50, queued=0, more=False)
    assert world.run(only="subscriptions") == Walked(read=0, queued=0, more=False)


def test_a_run_that_was_broken_off_is_gone_on_with(world: World) -> None:
    made = [told_subscription(id=f"sub_{number}", customer="cus_theirs") for number in range(150)]
    world.lists.subscriptions.made = made
    assert world.run(timedelta(), only="subscriptions") == Walked(read=100, queued=0, more=True)
    assert world.run(timedelta(), only="subscriptions") == Walked(read=50, queued=0, more=False)
