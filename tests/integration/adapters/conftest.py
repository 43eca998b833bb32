"""The adapter for Stripe through the official SDK, against the stand-in in a process of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.adapters.stripe_side import StripeSide


@pytest.fixture(scope="session")
def process() -> Iterator[StripeSide]:
    side = StripeSide()
    yield side
    side.stop()


@pytest.fixture
def side(process: StripeSide) -> Iterator[StripeSide]:
    with process.counted():
        yield process
    process.control("faults", fail=0, status=500, hang_seconds=60)
