"""Billing periods: where they begin and end, counted from a subscription's anchor.

https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

from __future__ import annotations

from datetime import UTC, datetime

from local.stripe.engine.subscriptions.calendar_months import months_after
from local.stripe.engine.world import Obj

DAY = 86_400


def period_around(anchor: int, moment: int, interval: str, count: int) -> tuple[int, int]:
    """The period that holds a moment; its end is not part of it.

    Months are counted from the anchor, so that one who started on the 31st pays on the 28th or 30th and returns to
    the 31st. The anchor may lie ahead, as it does during a trial.
    """
    if interval in ("day", "week"):
        length = count * DAY * (7 if interval == "week" else 1)
        begin = anchor + (moment - anchor) // length * length
        return begin, begin + length
    step = count * (12 if interval == "year" else 1)
    index = _months_between(anchor, moment) // step - 1
    while months_after(anchor, (index + 1) * step) <= moment:
        index += 1
    return months_after(anchor, index * step), months_after(anchor, (index + 1) * step)


def around(price: Obj, anchor: int, moment: int) -> tuple[int, int]:
    """The period of a recurring price that holds a moment."""
    return period_around(anchor, moment, price["recurring"]["interval"], price["recurring"]["interval_count"])


def same_length(one: Obj, other: Obj) -> bool:
    """Whether two recurring prices have the same period; twelve months are a year, seven days a week.

    https://docs.stripe.com/billing/subscriptions/mixed-interval#interval-alignment
    """
    return length(one) == length(other)


def length(price: Obj) -> tuple[str, int]:
    """The period of a price in days or months."""
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    unit = "months" if interval in ("month", "year") else "days"
    return unit, count * {"day": 1, "week": 7, "month": 1, "year": 12}[interval]


def aligned(prices: list[Obj]) -> bool:
    """Whether every period is a multiple of the shortest, as items of one subscription must be (page above)."""
    lengths = [length(price) for price in prices]
    days = sorted(count for unit, count in lengths if unit == "days")
    months = sorted(count for unit, count in lengths if unit == "months")
    if days and months:
        return days[0] == 1  # only a day divides months
    shortest = (days or months)[0]
    return all(count % shortest == 0 for _, count in lengths)


def _months_between(anchor: int, moment: int) -> int:
    begin, end = datetime.fromtimestamp(anchor, UTC), datetime.fromtimestamp(moment, UTC)
    return (end.year - begin.year) * 12 + end.month - begin.month
