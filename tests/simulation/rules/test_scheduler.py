"""The scheduler hands its greenlets on from one invocation to the next, and nothing else with them."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
from greenlet import getcurrent  # type: ignore[import-untyped]

from tests.simulation.world.scheduler import Scheduler, Task
from tests.simulation.world.watch import Violation


class Thing:
    """Something that an invocation works with."""


def begun(scheduler: Scheduler, work: Callable[[], object]) -> Task:
    return scheduler.begin("work", work, lambda task: None, 60.0)


def ran_in(scheduler: Scheduler) -> object:
    task = begun(scheduler, getcurrent)
    scheduler.finish()
    return task.result


def test_one_invocation_after_the_other_runs_in_the_same_greenlet() -> None:
    scheduler = Scheduler()
    first = ran_in(scheduler)
    assert first is not getcurrent()
    assert ran_in(scheduler) is first
    assert ran_in(Scheduler()) is first


def test_one_that_is_under_way_keeps_its_own() -> None:
    scheduler = Scheduler()
    steps: list[str] = []

    def slow() -> str:
        steps.append("begun")
        scheduler.leave()
        steps.append("ended")
        return "slow"

    left = begun(scheduler, slow)
    scheduler.turn(left)
    other = begun(scheduler, lambda: steps.append("other"))
    scheduler.turn(other)
    assert (left.over, other.over) == (False, True)
    scheduler.turn(left)
    assert steps == ["begun", "other", "ended"]
    assert left.result == "slow"


def test_what_an_invocation_worked_with_goes_when_it_is_over() -> None:
    """No collector would find it: none looks into a greenlet that waits."""
    scheduler = Scheduler()

    def given() -> weakref.ref[Thing]:
        thing = Thing()
        begun(scheduler, lambda: thing)
        scheduler.finish()
        return weakref.ref(thing)

    assert given()() is None


def test_a_greenlet_in_which_an_invariant_broke_is_not_used_again() -> None:
    scheduler = Scheduler()
    broken: list[object] = []

    def work() -> None:
        broken.append(getcurrent())
        raise Violation("something")

    begun(scheduler, work)
    with pytest.raises(Violation):
        scheduler.finish()
    assert ran_in(Scheduler()) not in broken
