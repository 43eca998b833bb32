"""One running system for each test file, in which all of its rows are played before the first one is looked at."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.scenarios.house import House
from tests.scenarios.stage import Part, Played, play_all
from tests.scenarios.systems import system_of


@pytest.fixture(scope="module")
def performance(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    """How every part of this file that was selected went."""
    ours = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    parts: list[Part] = [item.callspec.params["part"] for item in ours if hasattr(item, "callspec")]
    system = system_of(parts[0].row)
    with Stack(parameters=system.parameters) as stack:
        house = House(stack, shapes=system.shapes)
        try:
            yield play_all(house, parts)
        finally:
            house.close()


@pytest.fixture
def played(performance: dict[Part, Played], part: Part) -> Played:
    return performance[part]
