"""Three systems for the whole table, each started when it is needed.

One in our time, one whose time moves, and one whose time moves and that sells with every setting on.
"""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.scenarios.house import House
from tests.scenarios.stage import Part, Played, play_all
from tests.scenarios.table import PARTNER_BUS, TODAY, Row

SETTINGS = {"PromotionCodes": "true", "AdoptCustomers": "true"}
INVOICES = {"Invoices": "true"}
"""Where days pass, a one-time payment has an invoice: so both kinds are in the table."""
EVERY_SETTING = {
    "Receipts": "true",
    "TrialDays": "14",
    "TrialWithoutCard": "true",
    "TrialCredits": "true",
    "AutomaticTax": "true",
    "BillingAddress": "required",
    "CheckoutLocale": "fr",
}
SYSTEMS = {
    "in_our_time": SETTINGS,
    "as_days_pass": SETTINGS | INVOICES,
    "with_every_setting": SETTINGS | INVOICES | EVERY_SETTING,
}


@pytest.fixture(scope="session")
def in_our_time(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    yield from _performance(request, "in_our_time")


@pytest.fixture(scope="session")
def as_days_pass(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    yield from _performance(request, "as_days_pass")


@pytest.fixture(scope="session")
def with_every_setting(request: pytest.FixtureRequest) -> Iterator[dict[Part, Played]]:
    yield from _performance(request, "with_every_setting")


@pytest.fixture
def played(request: pytest.FixtureRequest, part: Part) -> Played:
    """How a part went; the first one asked for has all those played that were selected."""
    performance: dict[Part, Played] = request.getfixturevalue(_system(part.row))
    return performance[part]


def _system(row: Row) -> str:
    """The system in which a row is played."""
    return "with_every_setting" if row.every_setting else "as_days_pass" if row.time else "in_our_time"


def _performance(request: pytest.FixtureRequest, system: str) -> Iterator[dict[Part, Played]]:
    specs = (getattr(item, "callspec", None) for item in request.session.items)
    named = [spec.params.get("part") for spec in specs if spec is not None]
    parts = [part for part in named if isinstance(part, Part)]  # other tests, too, have a parameter of that name
    parts = [part for part in parts if _system(part.row) == system]
    with Stack(parameters=SYSTEMS[system]) as stack:
        house = House(stack, shapes=any(part.row.door not in (TODAY, PARTNER_BUS) for part in parts))
        try:
            yield play_all(house, parts)
        finally:
            house.close()
