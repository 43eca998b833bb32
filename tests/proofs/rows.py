"""The rows of docs/design/failure-modes.md as data: what goes wrong, what holds it, which tests say so.

A row lies under its name in `rows/`. The patch that takes its mechanism away is `patches/<row>.patch`. Two rows are
held by a document; one that nothing holds yet says why in `open`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.proofs.workbench import REPOSITORY

HERE = Path(__file__).parent
NAMES = tuple([f"F{number:02}" for number in range(1, 66)] + [f"S{number:02}" for number in range(1, 31)])


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can go wrong. Exactly one of `tests`, `document` and `open` says how it stands."""

    name: str
    wrong: str
    right: str
    mechanism: str
    where: str
    tests: tuple[str, ...] = ()
    """Ids of pytest; one without parameters stands for all of its cases, of which the patch turns some red."""
    document: str | None = None
    open: str | None = None
    lacks: str | None = None
    """What the design asks of it beside this, and is not built."""

    @property
    def patch(self) -> Path:
        """What takes the mechanism away."""
        return HERE / "patches" / f"{self.name}.patch"


@cache
def read_rows() -> Mapping[str, Row]:
    """All rows by name, in their order. Raises ValueError for a row that is not whole."""
    found: dict[str, Row] = {}
    for path in sorted((HERE / "rows").glob("*.toml")):
        for name, values in tomllib.loads(path.read_text()).items():
            if name in found:
                raise ValueError(f"{name} stands twice")
            found[name] = _row(name, values)
    return {name: found[name] for name in sorted(found, key=NAMES.index)}


def _row(name: str, values: dict[str, Any]) -> Row:
    if name not in NAMES:
        raise ValueError(f"{name} is no row")
    row = Row(name=name, **{**values, "tests": tuple(values.get("tests", ()))})
    if [bool(row.tests), row.document is not None, row.open is not None].count(True) != 1:
        raise ValueError(f"{name}: either tests, or a document, or why it is open")
    return row


def spoken_in(test: str) -> str:
    """The docstrings of a test, its class and its module. Raises LookupError when there is no such test.

    Read from the syntax tree: a module need not be imported, nor its parts be started, to see what it says.
    """
    path, *names = test.partition("[")[0].split("::")
    source = REPOSITORY / path
    if not source.is_file():
        raise LookupError(f"{test}: no such file")
    node: ast.Module | ast.FunctionDef | ast.ClassDef = _tree(source)
    said = [ast.get_docstring(node) or ""]
    for name in names:
        inner = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.ClassDef) and part.name == name]
        if not inner:
            raise LookupError(f"{test}: no such test")
        node = inner[0]
        said.append(ast.get_docstring(node) or "")
    if isinstance(node, ast.FunctionDef):
        return "\n".join(said)
    raise LookupError(f"{test}: not one test")


def rows_named(text: str) -> Iterator[str]:
    """The rows that a text names, also by a range: `F36 to F43`, `S01-S05`."""
    for kind, first, last in re.findall(r"\b([FS])(\d\d)(?:(?: to |-)[FS](\d\d))?\b", text):
        yield from (f"{kind}{number:02}" for number in range(int(first), int(last or first) + 1))


@cache
def _tree(source: Path) -> ast.Module:
    return ast.parse(source.read_text())
