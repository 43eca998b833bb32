"""The dashboard: each line of it is really counted, what is counted can be seen, and a page says what it tells.

What is counted, and how that is known: tests/unit/counted.py.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.domain.events import HANDLED
from billing.errors import BodyTooLarge
from local.dashboard.body import Shown, body_of, expressions_of, metrics_of, searches_of
from local.template import Model
from local.template.expand import expand
from tests.modelled import modelled
from tests.unit.counted import OF_AWS, Counted, counted_by, services
from tests.unit.quarantining import reaches
from tests.unit.test_alarms import watched

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/dashboard.md"
OURS = "Plumbline/dev-test"
METRICS = re.compile(r'METRICS\("(\w+)"\)')
NOT_SHOWN = {
    "CreditsAdjusted": "only `plumb grant` adjusts, and a command prints no metrics",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template")


@pytest.fixture(scope="module")
def template(cache: Path) -> dict[str, Any]:
    document: dict[str, Any] = expand(ROOT / "template.yaml", cache)["expanded"]
    return document


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="module")
def model() -> Model:
    return modelled()


@pytest.fixture(scope="module")
def counted(model: Model) -> set[Counted]:
    return counted_by(model)


@pytest.fixture(scope="module")
def widgets(resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(resources)["widgets"]
    return found


def named(widgets: list[dict[str, Any]], title: str) -> dict[str, Any]:
    [found] = [widget for widget in widgets if widget["properties"].get("title") == title]
    return found


def all_metrics(widgets: list[dict[str, Any]]) -> Iterator[Shown]:
    for widget in widgets:
        yield from metrics_of(widget)


def called_in_code() -> set[str]:
    """The names of metrics that stand in the code: in a call of `count`, `duration` or `timed`."""
    found = set()
    for path in (*ROOT.glob("layers/billing/python/billing/**/*.py"), *ROOT.glob("functions/*/app.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("count", "duration", "timed"):
                texts = (part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant))
                found |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"([A-Z][a-z]+){2,}", text)}
    return found


# --------------------------------------------------------------------------- what it names


def test_a_line_of_ours_is_counted_with_exactly_these_dimensions(
    widgets: list[dict[str, Any]], counted: set[Counted]
) -> None:
    ours = [each for each in all_metrics(widgets) if not each.namespace.startswith("AWS/")]
    assert len(ours) > 60
    for each in ours:
        assert each.namespace == OURS
        assert (each.name, each.dimensions) in counted, each


def test_a_search_finds_what_is_counted(widgets: list[dict[str, Any]], counted: set[Counted]) -> None:
    schemas = {(name, frozenset(key for key, _ in dimensions)) for name, dimensions in counted}
    searches = [search for widget in widgets for search in searches_of(widget)]
    assert len(searches) > 15
    for search in searches:
        assert search.namespace == OURS
        assert (search.name, search.dimensions) in schemas, search


def test_a_line_of_aws_is_there(widgets: list[dict[str, Any]], resources: dict[str, Any]) -> None:
    theirs = [each for each in all_metrics(widgets) if each.namespace.startswith("AWS/")]
    assert len(theirs) > 40
    for each in theirs:
        names, dimension, kind = OF_AWS[each.namespace]
        [(key, value)] = each.dimensions
        assert each.name in names, each
        assert key == dimension
        assert resources[value.removeprefix("@")]["Type"] == kind, each


def test_what_is_counted_is_shown_or_watched(
    widgets: list[dict[str, Any]], resources: dict[str, Any], counted: set[Counted]
) -> None:
    assert called_in_code() <= {name for name, _ in counted}, "tests/unit/counted.py drives each of them"
    shown = {each.name for each in all_metrics(widgets)}
    shown |= {search.name for widget in widgets for search in searches_of(widget)}
    shown |= {each.name for each in watched(resources)}
    assert {name for name, _ in counted} - shown == set(NOT_SHOWN)


def unknown_ids(widget: dict[str, Any]) -> set[str]:
    """What an expression names and the widget does not have."""
    ids = {each.options["id"] for each in metrics_of(widget) if "id" in each.options}
    ids |= {each["id"] for each in expressions_of(widget)}
    missing = set()
    for expression in expressions_of(widget):
        text = expression["expression"]
        for search in searches_of(widget):
            text = text.replace(search.text, "")
        named = METRICS.findall(text)
        missing |= {name for name in named if not any(name in id for id in ids - {expression["id"]})}
        missing |= set(re.findall(r"\b[a-z]\w*\b", METRICS.sub("", text))) - ids
    return missing


def test_an_expression_names_what_its_widget_has(widgets: list[dict[str, Any]]) -> None:
    for widget in widgets:
        assert unknown_ids(widget) == set(), widget["properties"]
        ids = [each["id"] for each in expressions_of(widget)]
        ids += [each.options["id"] for each in metrics_of(widget) if "id" in each.options]
        assert len(ids) == len(set(ids))


# --------------------------------------------------------------------------- sums that must have all their parts


@pytest.mark.parametrize("name", ["CheckoutsCompleted", "CreditsGranted", "CreditsReversed"])
def test_the_money_is_summed_over_whoever_converges(widgets: list[dict[str, Any]], model: Model, name: str) -> None:
    converging = services(each for each in model.functions.values() if reaches(each.code_dir, "services/converge.py"))
    sums = [
        {dict(each.dimensions)["service"] for each in metrics_of(widget) if each.name == name}
        for widget in widgets
        if any(each.name == name for each in metrics_of(widget))
    ]
    assert sums
    assert all(found == converging for found in sums)


def test_the_success_rate_takes_off_every_answer_but_2xx(widgets: list[dict[str, Any]], counted: set[Counted]) -> None:
    off = [each for each in metrics_of(named(widgets, "Delivery success rate, %")) if "refused" in each.options["id"]]
    refused = {dict(each.dimensions).get("reason") for each in off if each.name == "WebhooksRefused"}
    source = (ROOT / "layers/billing/python/billing/domain/signature.py").read_text()
    assert refused == {*re.findall(r'reason="(\w+)"', source), BodyTooLarge.code}
    of_webhook = {dimensions for name, dimensions in counted if name == "RequestsFailed"}
    assert {each.dimensions for each in off if each.name == "RequestsFailed"} == {
        dimensions for dimensions in of_webhook if ("service", "webhook") in dimensions
    }


def test_all_alarms_stand_at_the_top(widgets: list[dict[str, Any]], resources: dict[str, Any]) -> None:
    [first] = [widget for widget in widgets if widget["type"] == "alarm"]
    assert first["y"] == 0
    assert sorted(first["properties"]["alarms"]) == sorted(
        f"@{name}" for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"
    )


def test_no_function_is_left_out(widgets: list[dict[str, Any]], resources: dict[str, Any]) -> None:
    functions = {name: each for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    logs = {each["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for each in functions.values()}
    for title, metric in (
        ("Invocations, and messages sent", "Invocations"),
        ("Functions that failed, or were throttled", "Errors"),
    ):
        seen = {
            value for each in metrics_of(named(widgets, title)) if each.name == metric for _, value in each.dimensions
        }
        assert seen == {f"@{name}" for name in functions}
    billed = {value for each in metrics_of(named(widgets, "Log bytes")) for _, value in each.dimensions}
    assert billed == {f"@{name}" for name, each in resources.items() if each["Type"] == "AWS::Logs::LogGroup"}
    [cold] = [widget for widget in widgets if widget["type"] == "log"]
    assert set(re.findall(r"SOURCE '@(\w+)'", cold["properties"]["query"])) == logs
    # By the text of the line: no page says that `@initDuration` is found in a group of another name than Lambda's.
    assert 'filter @message like "REPORT RequestId: "' in cold["properties"]["query"]
    assert 'parse @message "Init Duration: * ms" as init | stats count(init)' in cold["properties"]["query"]


# --------------------------------------------------------------------------- how it is built


def test_each_widget_has_a_title_a_region_and_its_period(widgets: list[dict[str, Any]]) -> None:
    for widget in widgets:
        properties = widget["properties"]
        assert properties.get("title") or properties.get("markdown", "").startswith("## "), widget
        if widget["type"] in ("metric", "log"):
            assert properties["region"] == "eu-central-1"
        if widget["type"] == "metric":
            assert properties["period"] in (60, 300, 3600, 86400)
            assert all(search.period == properties["period"] for search in searches_of(widget)), widget
            assert all("stat" in {**properties, **each.options} for each in metrics_of(widget)), widget


def test_widgets_fill_a_grid_of_24_columns_without_overlap(widgets: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        columns = range(widget["x"], widget["x"] + widget["width"])
        cells = {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}
        assert max(columns) < 24
        assert not cells & taken, widget
        taken |= cells
    assert len(taken) == 24 * (max(y for _, y in taken) + 1)


def test_it_keeps_to_cloudwatchs_limits(widgets: list[dict[str, Any]], counted: set[Counted]) -> None:
    """500 metrics of a widget, 2500 of all, what a search finds among them; a search of 1024 characters finds 100.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html, and beside it
    search-expression-syntax.html
    """
    total = 0
    for widget in widgets:
        of_widget = len(metrics_of(widget)) + len(expressions_of(widget))
        for search in searches_of(widget):
            assert len(search.text) <= 1024
            found = len(
                {
                    each
                    for name, each in counted
                    if name == search.name and {key for key, _ in each} == search.dimensions
                }
            )
            found = max(found, len(HANDLED)) if "event_type" in search.dimensions else found
            assert found <= 100
            of_widget += found
        assert of_widget <= 500
        total += of_widget
    assert total <= 2500
    assert len(widgets) <= 500


def test_the_stack_says_where_it_is(template: dict[str, Any]) -> None:
    assert "#dashboards/dashboard/${Dashboard}" in json.dumps(template["Outputs"]["DashboardUrl"]["Value"])


def test_the_page_tells_of_each_widget_and_of_no_other(widgets: list[dict[str, Any]]) -> None:
    titles = [widget["properties"]["title"] for widget in widgets if "title" in widget["properties"]]
    rows = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    text = PAGE.read_text()
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE) == [
        title for title in titles if not title.startswith("Alarms")
    ]
    assert [row for row in re.findall(r"^## .+$", text, re.MULTILINE) if row in rows] == rows
