"""Four systems for the whole table, each with a test file of its own: they can be played side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from _pytest.mark.structures import ParameterSet

from tests.scenarios.manner import Manner
from tests.scenarios.stage import Part
from tests.scenarios.table import TODAY, Row, all_rows

_SETTINGS = {"PromotionCodes": "true", "AdoptCustomers": "true"}
_INVOICES = {"Invoices": "true"}
_EVERY_SETTING = {
    "Receipts": "true",
    "TrialDays": "14",
    "TrialWithoutCard": "true",
    "TrialCredits": "true",
    "AutomaticTax": "true",
    "BillingAddress": "required",
    "CheckoutLocale": "fr",
}


@dataclass(frozen=True)
class System:
    """A running system: its parameters, and whether its Stripe sends every event in each shape, which takes time."""

    parameters: Mapping[str, str]
    shapes: bool = False


IN_OUR_TIME = System(_SETTINGS)
THROUGH_ALL_DOORS = System(_SETTINGS, shapes=True)
AS_DAYS_PASS = System(_SETTINGS | _INVOICES)
"""Here a one-time payment has an invoice: so both kinds are in the table."""
WITH_EVERY_SETTING = System(_SETTINGS | _INVOICES | _EVERY_SETTING)


def system_of(row: Row) -> System:
    """The system in which a row is played."""
    if row.every_setting:
        return WITH_EVERY_SETTING
    if row.time:
        return AS_DAYS_PASS
    return IN_OUR_TIME if row.door == TODAY else THROUGH_ALL_DOORS


def parts_of(system: System) -> list[ParameterSet]:
    """Each of the system's rows in each manner, as the parameter `part`."""
    return [
        pytest.param(
            Part(row, manner),
            id=f"{row.slug}-{manner}",
        )
        for row in all_rows()
        if system_of(row) is system
        for manner in Manner
    ]
