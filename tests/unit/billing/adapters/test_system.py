"""The machine's clock and chance."""

from __future__ import annotations

import runpy
import time
from datetime import UTC, datetime, timedelta

import pytest

from billing.adapters import system
from billing.adapters.system import SystemClock, SystemRandomness
from billing.domain.ids import ORDER_ID


def test_the_clock_is_time_time_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local worker shifts this one function for test clocks: nothing else may be read."""
    monkeypatch.setattr(time, "time", lambda: 1_795_255_200.25)
    assert SystemClock().now() == datetime(2026, 11, 21, 10, 0, 0, 250_000, tzinfo=UTC)
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_it_sleeps_for_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    SystemClock().sleep(0.25)
    assert slept == [0.25]


def test_jitter_stays_within_its_limit_and_fills_it() -> None:
    drawn = [SystemRandomness().upto(2.0) for _ in range(500)]
    assert all(0 <= number <= 2 for number in drawn)
    assert min(drawn) < 0.5
    assert max(drawn) > 1.5
    assert SystemRandomness().upto(0) == 0


def test_no_two_processes_draw_the_same() -> None:
    """F23: workers that start together and fail together must not all come again at the same moment."""
    # Each run loads the module anew, as a process does.
    drawn = {runpy.run_path(system.__file__)["SystemRandomness"]().upto(1) for _ in range(2)}
    assert len(drawn) == 2


def test_order_ids_fit_their_pattern_and_can_not_be_guessed() -> None:
    made = {SystemRandomness().order_id() for _ in range(500)}
    assert len(made) == 500
    assert all(ORDER_ID.fullmatch(order) for order in made)
    assert {len(order.removeprefix("ord_")) * 4 for order in made} == {128}  # bits of chance, as of any UUID
