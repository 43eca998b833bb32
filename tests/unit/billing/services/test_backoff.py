"""How long is waited before another try."""

from __future__ import annotations

import pytest

from billing.services.backoff import Backoff
from tests.fakes.snapshots import NOW
from tests.fakes.world import FakeClock, FakeRandomness


@pytest.mark.parametrize(("turn", "most"), [(0, 0.1), (1, 0.2), (2, 0.4), (3, 0.5), (4, 0.5)], ids=str)
def test_the_most_that_is_waited_doubles_up_to_the_longest(turn: int, most: float) -> None:
    clock = FakeClock(NOW)
    Backoff(first_seconds=0.1, longest_seconds=0.5).wait(turn, clock, FakeRandomness())
    assert clock.slept == [most / 2]  # half of the limit: FakeRandomness


def test_a_turn_that_no_float_could_double_up_to_waits_the_longest() -> None:
    clock = FakeClock(NOW)
    Backoff(first_seconds=0.1, longest_seconds=0.5).wait(5000, clock, FakeRandomness())
    assert clock.slept == [0.25]


def test_the_most_is_doubled_twenty_times_and_not_more_often() -> None:
    clock = FakeClock(NOW)
    for turn in (19, 20, 21):
        Backoff(first_seconds=2.0, longest_seconds=1e9).wait(turn, clock, FakeRandomness())
    assert clock.slept == [2.0**19, 2.0**20, 2.0**20]
