"""The dashboard's figures over what functions have printed: one figure a line, of all the time since they began.

CloudWatch computes the same for each period. Its own metrics (AWS/...) are nowhere here, and left out. The format of
the lines: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import ast
import json
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.dashboard.body import Search, Shown, metrics_of, searches_of
from local.template.errors import TemplateError

type Samples = dict[tuple[str, frozenset[tuple[str, str]]], list[float]]
"""The values of each metric, by its name and dimensions."""

_OPERATORS: Mapping[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_DIMENSION = re.compile(r"\$\{PROP\('Dim\.(\w+)'\)\}")


@dataclass(frozen=True)
class Figure:
    label: str
    value: float


def samples_of(lines: Iterable[str]) -> Samples:
    """All values that these lines of a log tell; lines that are no metrics are passed over."""
    found: Samples = {}
    for line in lines:
        if not line.startswith('{"_aws"'):
            continue
        told = json.loads(line)
        for directive in told["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, told[name]) for name in names)
                for metric in directive["Metrics"]:
                    values = told[metric["Name"]]
                    found.setdefault((metric["Name"], dimensions), []).extend(
                        values if isinstance(values, list) else [values]
                    )
    return found


def figures(widget: Mapping[str, Any], samples: Samples) -> Iterator[Figure]:
    """The lines of a widget that have a figure, in their order."""
    stat = widget["properties"].get("stat", "Sum")
    shown = iter(metrics_of(widget))
    values = {
        each.options["id"]: _of(each, each.options.get("stat", stat), samples)
        for each in metrics_of(widget)
        if "id" in each.options
    }
    searches = {search.text: search for search in searches_of(widget)}
    for row in widget["properties"]["metrics"]:
        if not isinstance(row[0], dict):
            metric = next(shown)
            value = _of(metric, metric.options.get("stat", stat), samples)
            if value is not None and metric.options.get("visible", True):
                yield Figure(metric.options["label"], value)
            continue
        result = _Expression(values, searches, samples, row[0]["label"]).of(row[0]["expression"])
        if isinstance(result, list):
            yield from result
        elif result is not None:
            values[row[0]["id"]] = result
            yield Figure(row[0]["label"], result)


def _of(metric: Shown, stat: str, samples: Samples) -> float | None:
    return statistic(stat, samples.get((metric.name, metric.dimensions), []))


def statistic(stat: str, values: list[float]) -> float | None:
    """A statistic of CloudWatch's: None of no values; a percentile is the nearest value that is there."""
    if not values:
        return None
    if stat.startswith("p"):
        ordered = sorted(values)
        return ordered[max(0, math.ceil(len(ordered) * float(stat[1:]) / 100) - 1)]
    match stat:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "Maximum":
            return max(values)
        case _:
            raise TemplateError(f"Dashboard: the statistic {stat} is not known here.")


class _Expression:
    """Metric math, as far as the dashboard has it: its expressions happen to be Python's, too."""

    def __init__(
        self, values: Mapping[str, float | None], searches: Mapping[str, Search], samples: Samples, label: str
    ) -> None:
        self._values = values
        self._searches = searches
        self._samples = samples
        self._label = label

    def of(self, text: str) -> Any:
        """A number, None where there is none, or the figures of a search."""
        return self._value(text, ast.parse(text, mode="eval").body)

    def _value(self, text: str, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name):
                return self._values.get(name)
            case ast.BinOp(left=left, op=op, right=right):
                return self._combined(_OPERATORS[type(op)], self._value(text, left), self._value(text, right))
            case ast.Call(func=ast.Name(id="METRICS"), args=[ast.Constant(value=str(part))]):
                return [Figure(id, value) for id, value in self._values.items() if part in id and value is not None]
            case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int(other))]):
                found = self._value(text, filled)
                return found if found is not None else other
            case ast.Call(func=ast.Name(id="SUM"), args=[summed]):
                return sum(figure.value for figure in self._value(text, summed))
            case ast.Call(func=ast.Name(id="SEARCH"), args=[_, ast.Constant(value=str(stat)), _]):
                return list(self._found(self._searches[ast.get_source_segment(text, node) or ""], stat))
            case _:
                raise TemplateError(f"Dashboard: {text} has what is not known here.")

    def _combined(self, apply: Any, left: Any, right: Any) -> Any:
        if isinstance(right, list):
            return [Figure(figure.label, apply(left, figure.value)) for figure in right]
        if left is None or right is None or (apply is operator.truediv and right == 0):
            return None
        return apply(left, right)

    def _found(self, search: Search, stat: str) -> Iterator[Figure]:
        for (name, dimensions), values in sorted(self._samples.items(), key=lambda each: sorted(each[0][1])):
            found = statistic(stat, values)
            if name == search.name and {key for key, _ in dimensions} == search.dimensions and found is not None:
                yield Figure(_labelled(self._label, dict(dimensions)), found)


def _labelled(label: str, dimensions: Mapping[str, str]) -> str:
    """What CloudWatch puts into a dynamic label."""
    return _DIMENSION.sub(lambda part: dimensions[part[1]], label)
