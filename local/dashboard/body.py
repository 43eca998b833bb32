"""The dashboard as CloudWatch reads it: its body after substitution, and the metrics that its widgets name.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.template.errors import TemplateError

STAND_FOR = {"Stage": "dev", "StripeMode": "test", "AWS::Region": "eu-central-1"}
ATTRIBUTES = ("Arn", "QueueName")
_SEARCH = re.compile(
    r"""SEARCH\('\{(?P<schema>[^}]+)\} MetricName="(?P<name>\w+)"', '(?P<stat>\w+)', (?P<period>\d+)\)"""
)


@dataclass(frozen=True)
class Shown:
    """A metric of a widget. A value of AWS's is `@` and the logical id that it is the name of."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    options: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class Search:
    namespace: str
    name: str
    dimensions: frozenset[str]
    period: int
    text: str


def body_of(resources: Mapping[str, Any]) -> dict[str, Any]:
    """The body with everything put in; a name that the template does not have fails."""

    def put_in(found: re.Match[str]) -> str:
        literal, named = found.groups()
        if literal:
            return f"${{{named}}}"
        if named in STAND_FOR:
            return STAND_FOR[named]
        logical_id, _, attribute = named.partition(".")
        if logical_id not in resources or (attribute and attribute not in ATTRIBUTES):
            raise TemplateError(f"Dashboard: ${{{named}}} is nothing of this template.")
        return f"@{logical_id}"

    [text] = resources["Dashboard"]["Properties"]["DashboardBody"].values()
    body: dict[str, Any] = json.loads(re.sub(r"\$\{(!?)([^}]+)\}", put_in, text))
    return body


def metrics_of(widget: Mapping[str, Any]) -> list[Shown]:
    """The metrics by name, with the console's short forms written out: `.` is what stands in the same place of the
    metric before, `...` all that does. That they skip an expression is said nowhere, so they must not follow one.
    """
    found = []
    before: list[str] | None = None
    for row in widget["properties"].get("metrics", ()):
        options = row[-1] if isinstance(row[-1], dict) else {}
        parts = [part for part in row if isinstance(part, str)]
        if not parts:
            before = None
            continue
        if before is None and "." in {part[:1] for part in parts}:
            raise TemplateError(f"Dashboard: nothing stands before {row}.")
        if before is not None and parts[0] == "...":
            parts = before[: len(before) - len(parts) + 1] + parts[1:]
        if before is not None:
            parts = [before[place] if part == "." else part for place, part in enumerate(parts)]
        namespace, name, *rest = parts
        found.append(Shown(namespace, name, frozenset(zip(rest[::2], rest[1::2], strict=True)), options))
        before = parts
    return found


def expressions_of(widget: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = widget["properties"].get("metrics", ())
    return [row[0] for row in rows if isinstance(row[0], dict)]


def searches_of(widget: Mapping[str, Any]) -> Iterator[Search]:
    for expression in expressions_of(widget):
        text = expression["expression"]
        found = list(_SEARCH.finditer(text))
        if len(found) != text.count("SEARCH("):
            raise TemplateError(f"Dashboard: a search is not of the usual form: {text}")
        for each in found:
            namespace, *dimensions = (part.strip('"') for part in each["schema"].split(","))
            yield Search(namespace, each["name"], frozenset(dimensions), int(each["period"]), each[0])
