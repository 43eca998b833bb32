"""Two systems for the whole table, each started when it is needed: one in our time, and one whose time moves."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.scenarios.house import House
from tests.scenarios.stage import Part, Played, play_all
from tests.scenarios.table import PARTNER_BUS, TODAY

SETTINGS = {"PromotionCodes": "true", "AdoptCustomers": "true"}
INVOICES = {"Invoices": "true"}
"""Where days pass, a one-time payment has an invoice: so both kinds are in the table."""


@pytest.fixture(scope="session")
def in_our_time(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    yield from _performance(request, time=False)


@pytest.fixture(scope="session")
def as_days_pass(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    yield from _performance(request, time=True)


@pytest.fixture
def played(request: pytest.FixtureRequest, part: Part) -> Played:
    """How a part went; the first one asked for has all those played that were selected."""
    performance: dict[Part, Played] = request.getfixturevalue("as_days_pass" if part.row.time else "in_our_time")
    return performance[part]


def _performance(request: pytest.FixtureRequest, *, time: bool) -> Iterator[dict[Part, Played]]:
    specs = (getattr(item, "callspec", None) for item in request.session.items)
    named = [spec.params.get("part") for spec in specs if spec is not None]
    parts = [part for part in named if isinstance(part, Part)]  # other tests, too, have a parameter of that name
    parts = [part for part in parts if part.row.time is time]
    with Stack(parameters=SETTINGS | (INVOICES if time else {})) as stack:
        house = House(stack, shapes=any(part.row.door not in (TODAY, PARTNER_BUS) for part in parts))
        try:
            yield play_all(house, parts)
        finally:
            house.close()
