"""Schedule expressions, and when a schedule is due."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from local.run_config import RunConfig
from local.template import Schedule, TemplateError
from local.template.schedule_expression import parse
from local.timer.__main__ import Timer, payload_of

START = datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC)  # a Saturday


def schedule(expression: str, payload: str | None = None, source: str = "aws.events") -> Schedule:
    return Schedule("S", "F", expression, payload, source, "arn:aws:events:us-east-1:123456789012:rule/S")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("rate(1 minute)", "2026-11-21T10:01:30"),
        ("rate(2 hours)", "2026-11-21T12:00:30"),
        ("rate(3 days)", "2026-11-24T10:00:30"),
        ("cron(* * * * ? *)", "2026-11-21T10:01:00"),
        ("cron(0/15 * * * ? *)", "2026-11-21T10:15:00"),
        ("cron(0 9 * * ? *)", "2026-11-22T09:00:00"),
        ("cron(0 9,18 * * ? *)", "2026-11-21T18:00:00"),
        ("cron(0 9 ? * MON-FRI *)", "2026-11-23T09:00:00"),
        ("cron(0 0 ? * 1 *)", "2026-11-22T00:00:00"),
        ("cron(30 6 1 JAN ? *)", "2027-01-01T06:30:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", None),
    ],
)
def test_an_expression_has_its_next_time(expression: str, wanted: str | None) -> None:
    found = parse(expression, "S").after(START)
    assert (found.strftime("%Y-%m-%dT%H:%M:%S") if found else None) == wanted


@pytest.mark.parametrize(
    "expression", ["rate(5)", "rate(1 week)", "cron(0 0 * * *)", "cron(0 0 L * ? *)", "cron(60 * * * ? *)", "at(2026)"]
)
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(TemplateError, match="supported locally"):
        parse(expression, "S")


def timer(speed: float = 1) -> Timer:
    class Config:
        timer_speed = speed

    return Timer(cast(RunConfig, Config()), START)


def test_a_rate_counts_from_when_it_is_first_seen_and_fires_once_for_many_misses() -> None:
    clock, each = timer(), (schedule("rate(1 minute)"),)

    def fired(seconds: float) -> int:
        return len(clock.fire(each, START + timedelta(seconds=seconds)))

    assert [fired(0), fired(59), fired(60), fired(61), fired(120), fired(3600)] == [0, 0, 1, 0, 1, 1]


def test_a_changed_schedule_counts_anew() -> None:
    clock = timer()
    clock.fire((schedule("rate(1 minute)"),), START)
    assert clock.fire((schedule("rate(2 minutes)"),), START + timedelta(seconds=61)) == []


def test_a_faster_timer_has_its_own_time() -> None:
    assert timer(60).virtual(START + timedelta(seconds=2)) == START + timedelta(minutes=2)


def test_the_standard_event_and_the_configured_input() -> None:
    assert payload_of(schedule("rate(1 minute)", '{"mine": 1}'), START) == '{"mine": 1}'
    event: dict[str, Any] = json.loads(payload_of(schedule("rate(1 minute)"), START))
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-21T10:00:30Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/S"],
        "detail": {},
    }
