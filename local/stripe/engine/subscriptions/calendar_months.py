"""Counting in calendar months, as periods and repeating discounts do."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime


def months_after(begin: int, months: int) -> int:
    """The same day and time so many months later, or the last day of a shorter month. Unix seconds."""
    day = datetime.fromtimestamp(begin, UTC)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return int(day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp())
