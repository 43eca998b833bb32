"""Three systems for the whole table, each with a test file of its own: they can be played side by side."""

from __future__ import annotations

from enum import Enum

import pytest
from _pytest.mark.structures import ParameterSet

from tests.scenarios.manner import Manner
from tests.scenarios.stage import Part
from tests.scenarios.table import Row, all_rows

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


class System(Enum):
    """A running system by its parameters. Where days pass, a one-time payment has an invoice: so both kinds are in the
    table.
    """

    IN_OUR_TIME = _SETTINGS
    AS_DAYS_PASS = _SETTINGS | _INVOICES
    WITH_EVERY_SETTING = _SETTINGS | _INVOICES | _EVERY_SETTING


def system_of(row: Row) -> System:
    """The system in which a row is played."""
    if row.every_setting:
        return System.WITH_EVERY_SETTING
    return System.AS_DAYS_PASS if row.time else System.IN_OUR_TIME


def parts_of(system: System) -> list[ParameterSet]:
    """Each of the system's rows in each manner, as the parameter `part`."""
    return [
        pytest.param(
            Part(row, manner),
            id=f"{row.slug}-{manner}",
            marks=[pytest.mark.xfail(reason=row.flaw, strict=True)] if row.flaw else [],
        )
        for row in all_rows()
        if system_of(row) is system
        for manner in Manner
    ]
