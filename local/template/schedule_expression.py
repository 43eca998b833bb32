"""AWS's schedule expressions: `rate(5 minutes)`, `cron(0 3 * * ? *)`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.template.errors import TemplateError

_RATE = re.compile(r"^rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)$")
_CRON = re.compile(r"^cron\(\s*(.+?)\s*\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): index for index, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: index for index, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_HORIZON = timedelta(days=366 * 5)


@dataclass(frozen=True)
class Rate:
    seconds: int

    def after(self, moment: datetime) -> datetime | None:
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Cron:
    """Each field as the set of values it admits; None admits all."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int] | None

    def after(self, moment: datetime) -> datetime | None:
        """The first matching minute later than `moment` (UTC), None when there is none in the next years."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        while day - moment < _HORIZON:
            if self._admits(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = day.replace(hour=hour, minute=minute)
                        if candidate > moment:
                            return candidate
            day += timedelta(days=1)
        return None

    def _admits(self, day: datetime) -> bool:
        return (
            day.month in self.months
            and (self.days is None or day.day in self.days)
            and (self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays)
            and (self.years is None or day.year in self.years)
        )


Expression = Rate | Cron


def parse(text: str, where: str) -> Expression:
    """Raise TemplateError when `text` is neither a rate nor a cron expression this reader knows."""
    if found := _RATE.match(text):
        return Rate(int(found[1]) * _SECONDS[found[2]])
    found = _CRON.match(text)
    fields = found[1].split() if found else []
    if len(fields) != 6:
        raise TemplateError(f"{where}: {text} is no schedule expression that is supported locally.")
    try:
        minutes, hours, days, months, weekdays, years = fields
        return Cron(
            minutes=_field(minutes, 0, 59, {}),
            hours=_field(hours, 0, 23, {}),
            days=None if days in "?*" else _field(days, 1, 31, {}),
            months=_field(months, 1, 12, _MONTHS),
            weekdays=None if weekdays in "?*" else _field(weekdays, 1, 7, _DAYS),
            years=None if years == "*" else _field(years, 1970, 2199, {}),
        )
    except ValueError as exc:
        raise TemplateError(f"{where}: {text} is not supported locally ({exc}).") from exc


def utc_now() -> datetime:
    return datetime.now(UTC)


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """Lists, ranges, steps and names; `L`, `W` and `#` are refused."""
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (_number(side, names) for side in span.split("-"))
        else:
            first = _number(span, names)
            last = high if step else first
        if not low <= first <= last <= high:
            raise ValueError(f"{part} is out of range")
        values.update(range(first, last + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.upper()] if text.upper() in names else int(text)
