"""A running system with one user who has bought all that is sold."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.integration.fuzz.world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with Stack(parameters={"CheckoutsAnHour": "0"}, warm=()) as stack:
        opened = World(stack)
        yield opened
        opened.close()
