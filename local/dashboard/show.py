"""Print the dashboard of the running system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from local.configure import CACHE
from local.dashboard.body import body_of
from local.dashboard.figures import figures, samples_of
from local.template.expand import expand


def dashboard_lines(template: Path, state: Path) -> Iterator[str]:
    """The rows and widgets that have figures, as text; nothing where no function has printed any."""
    logs = sorted((state / "logs" / "functions").glob("*.log"))
    samples = samples_of(line for log in logs for line in log.read_text().splitlines())
    if not samples:
        return
    row = ""
    for widget in body_of(expand(template, CACHE)["expanded"]["Resources"])["widgets"]:
        if widget["type"] == "text":
            row = widget["properties"]["markdown"].removeprefix("## ")
        if widget["type"] != "metric":
            continue
        found = list(figures(widget, samples))
        if found and row:
            yield f"\n{row}"
            row = ""
        if found:
            yield f"  {widget['properties']['title']}"
            yield from (f"    {_short(figure.value):>12}  {figure.label}" for figure in found)


def _short(value: float) -> str:
    """Whole numbers whole, others to one place after the point, and small ones to two figures."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"
