"""docs/failure-modes.md, made of the rows: what can go wrong, what holds it, and the tests that say so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.proofs.rows import Row, read_rows
from tests.proofs.workbench import REPOSITORY

PAGE = REPOSITORY / "docs" / "failure-modes.md"

_HEAD = """# What can go wrong, what holds it, and the test that says so

Written by `make failure-modes` from `tests/proofs/rows`; do not edit it by hand. The design of these rows is in
[design/failure-modes.md](design/failure-modes.md); this page says what was built.

`make prove ROW=F12` copies the checkout and runs the row's tests, which must be green. It then removes the mechanism
with `tests/proofs/patches/F12.patch` and runs them again: each must be red, from a failure and not from a broken
import. `make prove` does so for every row. In a test with several cases, those turn red that need the mechanism.
"""


def rendered() -> str:
    """The page."""
    rows = list(read_rows().values())
    parts = [_HEAD, _missing(rows)]
    parts += _table("Faults", [row for row in rows if row.name.startswith("F")])
    parts += _table("Threats", [row for row in rows if row.name.startswith("S")])
    return "\n".join(parts)


def _missing(rows: list[Row]) -> str:
    """What is not built, first of all."""
    waiting = [f"- **{row.name}**, {row.wrong}: {row.open}" for row in rows if row.open]
    lacking = [f"- **{row.name}**, {row.wrong}: {row.lacks}" for row in rows if row.lacks]
    parts = ["## What is not built\n"]
    parts += ["Open, because nothing holds them yet:\n", *waiting, ""] if waiting else []
    parts += ["Held by what the table says, but still without something that the design asks for:\n", *lacking, ""]
    return "\n".join(parts)


def _table(title: str, rows: list[Row]) -> Iterable[str]:
    yield f"## {title}\n"
    yield "| | What goes wrong | What happens | Mechanism | Where | Tests |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        cells = (row.name, row.wrong, row.right, row.mechanism, _where(row), _held(row))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _where(row: Row) -> str:
    path, _, name = row.where.partition(": ")
    link = f"[{Path(path).name}](../{path})" if path else ""
    return f"{link} `{name}`" if name else link


def _held(row: Row) -> str:
    if row.open:
        return "open"
    if row.document:
        return f"[{row.document.split('#')[0].removeprefix('docs/')}]({row.document.removeprefix('docs/')})"
    return "<br>".join(f"[{_words(test)}](../{test.split('::')[0]})" for test in row.tests)


def _words(test: str) -> str:
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ").replace("[", ": ").replace("]", "")
