"""The dashboard over a local system's logs: what its expressions come to, and what CloudWatch alone has is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.dashboard.body import body_of, metrics_of
from local.dashboard.figures import Figure, figures, samples_of, statistic
from local.dashboard.show import dashboard_lines
from local.template.errors import TemplateError

ROOT = Path(__file__).parents[3]
OURS = "Plumbline/dev-test"


def line(name: str, values: float | list[float], **dimensions: str) -> str:
    """A line as Powertools prints it."""
    directive = {"Namespace": OURS, "Dimensions": [[*dimensions]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, **dimensions, name: values})


def shown(*metrics: list[Any], log: tuple[str, ...] = (), **properties: Any) -> list[Figure]:
    return list(figures({"properties": {"stat": "Sum", **properties, "metrics": [*metrics]}}, samples_of(log)))


def row(expression: str, label: str = "it", id: str = "e1") -> list[Any]:
    return [{"expression": expression, "id": id, "label": label}]


A = [OURS, "A", "service", "one", {"id": "a_1", "visible": False}]
B = [OURS, "B", "service", "one", {"id": "b_1", "label": "b"}]


def test_a_value_is_found_by_its_exact_dimensions() -> None:
    log = ("no metric", '{"level":"INFO"}', line("B", [1.0, 2.0], service="one"), line("B", 7, service="two"))
    assert shown(B, log=log) == [Figure("b", 3)]
    assert shown(B, log=(line("B", 7, service="one", kind="x"),)) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("100 * a_1 / b_1", 250),
        ("100 * (FILL(a_1, 0) - FILL(gone, 0)) / b_1", 250),
        ('SUM(FILL(METRICS("a_"), 0))', 5),
        ('SUM(FILL(METRICS("gone"), 0))', 0),
        ("a_1 / FILL(gone, 0)", None),
        ("a_1 + gone", None),
    ],
)
def test_an_expression_is_worked_out_of_its_metrics(expression: str, value: float | None) -> None:
    log = (line("A", 5, service="one"), line("B", 2, service="one"))
    found = [figure.value for figure in shown(A, B, row(expression), log=log) if figure.label == "it"]
    assert found == ([] if value is None else [value])


def test_a_search_has_a_line_for_each_and_can_be_taken_times_a_number() -> None:
    search = f'SEARCH(\'{{"{OURS}","service","event_type"}} MetricName="A"\', \'Average\', 300)'
    log = (
        line("A", [0, 0, 1, 1], service="one", event_type="x"),
        line("A", 0, service="one", event_type="y"),
        line("A", 9, service="one"),
        line("B", 9, service="one", event_type="x"),
    )
    label = "${PROP('Dim.service')}: ${PROP('Dim.event_type')}"
    assert shown(row(f"100 * {search}", label), log=log) == [Figure("one: x", 50), Figure("one: y", 0)]
    assert shown(row(f"SUM({search})", "all"), log=log) == [Figure("all", 0.5)]


@pytest.mark.parametrize(("stat", "value"), [("Sum", 10), ("Average", 2.5), ("Maximum", 4), ("p50", 2), ("p99", 4)])
def test_a_statistic_is_that_of_cloudwatch(stat: str, value: float) -> None:
    assert statistic(stat, [4, 1, 3, 2]) == value
    assert statistic(stat, []) is None


def test_what_can_not_be_understood_is_said() -> None:
    with pytest.raises(TemplateError, match="ANOMALY"):
        shown(A, row("ANOMALY_DETECTION_BAND(a_1)"))
    with pytest.raises(TemplateError, match="usual form"):
        shown(row("SEARCH('B', 'Sum')"))
    with pytest.raises(TemplateError, match="statistic"):
        statistic("IQM", [1])
    with pytest.raises(TemplateError, match="Nothing"):
        body_of({"Dashboard": {"Properties": {"DashboardBody": {"Fn::Sub": "${Nothing}"}}}})


@pytest.mark.parametrize("short", [[".", "B", ".", "."], ["...", "two"]])
def test_a_short_form_follows_a_metric(short: list[Any]) -> None:
    written = metrics_of({"properties": {"metrics": [A, short]}})[1]
    assert written.dimensions == {("service", "one" if short[0] == "." else "two")}
    with pytest.raises(TemplateError, match="before"):
        metrics_of({"properties": {"metrics": [A, row("a_1"), short]}})


def test_only_rows_with_figures_are_printed(tmp_path: Path) -> None:
    logs = tmp_path / "logs/functions"
    logs.mkdir(parents=True)
    (logs / "CreditsFunction.log").write_text("text\n")
    assert list(dashboard_lines(ROOT / "template.yaml", tmp_path)) == []
    (logs / "CreditsFunction.log").write_text(line("CreditsSpent", [1500.0, 1], service="credits") + "\n")
    printed = list(dashboard_lines(ROOT / "template.yaml", tmp_path))
    assert printed[:2] == ["\nThe money", "  In all of the time that is shown"]
    assert "           1,501  spent" in printed


@pytest.mark.parametrize(
    ("counted", "shown"), [(252.6127743, "252.6"), (1_500.04, "1,500.0"), (0.012345, "0.012"), (3.0, "3")]
)
def test_a_figure_is_printed_as_a_person_would_write_it(tmp_path: Path, counted: float, shown: str) -> None:
    logs = tmp_path / "logs/functions"
    logs.mkdir(parents=True)
    (logs / "CreditsFunction.log").write_text(line("CreditsSpent", [counted], service="credits") + "\n")
    assert f"{shown:>16}  spent" in list(dashboard_lines(ROOT / "template.yaml", tmp_path))
