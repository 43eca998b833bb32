"""docs/cost.md is made of docs/cost.json, docs/bench.json and template.yaml; `make cost` writes it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import deployed, record, stored
from tests.bench.cost import billed_ms, usd
from tests.bench.counted import Step
from tests.bench.idle import JOBS
from tests.bench.month import MOST_METRICS
from tests.bench.page import PAGE, rendered
from tests.bench.prices import COMPUTE, INVOCATION, MILLION, WHOLE_CORE
from tests.bench.subjects import OURS
from tests.bench.timing import Figure
from tests.conftest import REPOSITORY

_TIMES = {"minutes": 30 * 24 * 60, "hour": 30 * 24, "day": 30}
_NOTHING = Step("s", "webhook", 2, 2, {}, 0, 0, 0, 0, 0, 0, ())


def test_the_page_shows_what_is_stored() -> None:
    assert PAGE.read_text() == rendered(stored.read(), record.read())


def took(milliseconds: float) -> record.Record:
    """The record, with this processor time of every function."""
    found = record.read()
    again = Figure(milliseconds, milliseconds, milliseconds)
    starts = (replace(each, again=again) if each.kind == OURS else each for each in found.starts)
    return replace(found, starts=tuple(starts))


@pytest.mark.parametrize(("processor", "billed"), [(10.0, 18), (20.0, 35), (0.1, 1)])
def test_processor_time_is_billed_at_the_share_of_a_core_that_a_function_has(processor: float, billed: int) -> None:
    """1,024 MB are 0.58 of a core: 10 ms of it take 17.3, and are billed as 18."""
    assert (deployed.memory_mb(), WHOLE_CORE) == (1024, 1769)
    assert billed_ms(_NOTHING, took(processor)) == billed
    twice = 2 * (INVOCATION.of(1) + COMPUTE.of(billed / 1000))
    assert usd(_NOTHING, took(processor))["Lambda"] == pytest.approx(twice)


def test_what_is_waited_for_takes_as_long_with_any_core() -> None:
    assert billed_ms(replace(_NOTHING, http={"Stripe": 4}), took(10)) == 618


def test_logs_and_domain_events_are_of_bytes_and_of_writes() -> None:
    step = replace(_NOTHING, invocations=1, logged=1_000, told=3)
    priced, by_itself = usd(step, took(10)), usd(replace(step, function="reconcile"), took(10))
    of_the_function = 1_000 + deployed.OF_A_RUN
    assert priced["Logs"] == pytest.approx(0.5 * (of_the_function + deployed.of_a_request()) / 1024**3)
    assert by_itself["Logs"] == pytest.approx(0.5 * of_the_function / 1024**3)
    assert priced["Domain events"] == pytest.approx(3 * 1.4 / MILLION)
    assert (priced["HTTP API"] > 0, by_itself["HTTP API"]) == (True, 0)


def test_bytes_that_came_out_nearly_as_before_stay_as_they_were(tmp_path: Path) -> None:
    """Two runs give the same file, though times in a log have more digits at one time than at another."""
    (tmp_path / stored.COUNTS).parent.mkdir()
    for logged, kept in ((1_000, 1_000), (1_019, 1_000), (981, 1_000), (1_021, 1_021), (1_003, 1_021)):
        stored.saved([replace(_NOTHING, logged=logged)], tmp_path)
        assert [step.logged for step in stored.read(tmp_path)] == [kept]


def test_a_month_has_the_runs_of_the_templates_schedules() -> None:
    found = {}
    for job, expression in deployed.schedules().items():
        every, unit = re.findall(r"^rate\((\d+) (minutes|hour|day)\)$", expression)[0]
        found[job] = _TIMES[unit] // int(every)
    assert found == {job: times for job, (_, times) in JOBS.items()}


def test_the_dashboards_page_says_as_many_metrics() -> None:
    assert f"at most {MOST_METRICS}, USD" in (REPOSITORY / "docs/dashboard.md").read_text()
