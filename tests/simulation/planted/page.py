"""docs/planted-bugs.md: what became of each planted bug."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.simulation.planted.bugs import Bug, Result, Units

PAGE = Path(__file__).parents[3] / "docs/planted-bugs.md"

_INTRODUCTION = """# Planted bugs

What checks the checks? Each bug is a small patch that breaks the protocol in a way that a competent engineer
might, and the simulation is run on the broken copy until a seed fails.

{sums}

*Seeds* is how many it took, counted from seed 1; the intact product passes the seed that failed. As the simulation
grows, a seed becomes another run, and a bug may take more of them or fewer. *Unit tests* is what
`tests/unit` says: *green* if a full run of it passed, with all bugs planted at once that fit beside each other;
otherwise the name of one test that fails, and the product at which all were green, if a test was written since for what
such a bug breaks; `-` means not tried. `make planted` counts the seeds of all of them again, which takes hours, and
writes this page; `ARGS="--by units --write"` runs the unit tests instead, and `ARGS="--by enumerate --write"` what can
be enumerated. `make planted BUG=refund-as-delta` tries one bug, and writes only with `ARGS=--write`.

Measured on {commits}; which row on which stands in `tests/simulation/planted/results.json`.

| Bug | What it does | Rule | Seeds | Seen as | Unit tests |
|---|---|---|---|---|---|
"""
_UNSEEN = """
## Not seen by a seed

| Bug | What it does | Rule | Seeds tried | Why, or seen by | Unit tests |
|---|---|---|---|---|---|
"""


def page(every: Sequence[Bug], found: dict[str, Result]) -> str:
    """The page. A bug of which nothing is known yet stands among those that no seed has seen."""
    caught = [bug for bug in every if found.get(bug.name, Result()).caught]
    others = [bug for bug in every if bug not in caught]
    tried = [bug for bug in caught if found[bug.name].units is not None]
    green = sum(found[bug.name].silent for bug in tried)
    before = sum(found[bug.name].was_silent for bug in tried)
    sums = (
        f"Of {len(every)} bugs, {len(caught)} are seen by a seed. The unit tests were run on {len(tried)} of these: "
        f"{green} leave every test green, and {before} did so until a test was written for what they break."
    )
    seen = [row.seen for bug in caught if (row := found[bug.name]).seen]
    commits = ", ".join(
        f"product {product} with simulation {simulation}"
        for product, simulation in sorted({(each.product, each.simulation) for each in seen})
    )
    lines = [_INTRODUCTION.format(sums=sums, commits=commits), *(_line(bug, found[bug.name]) for bug in caught)]
    if others:
        lines += [_UNSEEN, *(_line(bug, found.get(bug.name, Result())) for bug in others)]
    return "".join(lines)


def _line(bug: Bug, row: Result) -> str:
    seen, units = row.seen, row.units
    seeds = "-" if seen is None else seen.tried
    failure = seen.failure if seen is not None and seen.failure is not None else row.enumerated or bug.unseen or "-"
    return f"| `{bug.name}` | {bug.title}. {bug.why} | {bug.rule} | {seeds} | {_cell(failure)} | {_said(units)} |\n"


def _said(units: Units | None) -> str:
    if units is None:
        return "-"
    if units.failed is None:
        return "green"
    return f"`{_short(units.failed)}`" + (f"; green at {units.green_at}" if units.green_at is not None else "")


def _short(test: str) -> str:
    return test.rsplit("/", 1)[-1].replace("|", "/")


def _cell(text: str) -> str:
    text = text.replace("|", "\\|")
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"


_LONGEST = 180
