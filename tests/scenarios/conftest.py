"""One running system for each test file, in which all of its rows are played before the first one is looked at."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.scenarios.house import House
from tests.scenarios.stage import Part, Played, play_all
from tests.scenarios.systems import system_of


@pytest.fixture(scope="module")
def parts(request: pytest.FixtureRequest) -> list[Part]:
    """Those of this file that were selected."""
    ours = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    return [item.callspec.params["part"] for item in ours if hasattr(item, "callspec")]


@pytest.fixture(scope="module")
def house(parts: list[Part]) -> Iterator[House]:
    assert parts, "none of the rows was selected"
    system = system_of(parts[0].row)
    with Stack(parameters=system.parameters, warm=()) as stack:
        house = House(stack, shapes=system.shapes)
        try:
            yield house
        finally:
            house.close()


@pytest.fixture(scope="module")
def performance(house: House, parts: list[Part]) -> dict[Part, Played]:
    """How every part went."""
    return play_all(house, parts)


@pytest.fixture
def played(performance: dict[Part, Played], part: Part) -> Played:
    return performance[part]
