"""The figures of the last runs, and the page that shows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.rooms import BILLING, REPOSITORY, ROOMS, Room

FIGURES = Path(__file__).with_name("figures.json")
PAGE = REPOSITORY / "docs" / "mutation.md"


@dataclass(frozen=True)
class Figures:
    """What a run came to for one file."""

    killed: int
    late: int
    survived: int
    date: str
    source: str
    """The file as it was then, by the short name that git has for its text."""

    @property
    def mutants(self) -> int:
        return self.killed + self.late + self.survived


def percent(figures: Iterable[Figures]) -> float:
    """How many of a hundred mutants the tests told from the code. 100 where there is nothing to mutate."""
    figures = list(figures)
    mutants = sum(each.mutants for each in figures)
    return 100 * (mutants - sum(each.survived for each in figures)) / mutants if mutants else 100.0


def source_name(file: Path) -> str:
    """The short name that git has for the text of a file: https://git-scm.com/docs/git-hash-object."""
    text = file.read_bytes()
    return hashlib.sha1(b"blob %d\0%b" % (len(text), text), usedforsecurity=False).hexdigest()[:8]


def read_figures() -> dict[str, Figures]:
    if not FIGURES.exists():
        return {}
    return {path: Figures(**figures) for path, figures in json.loads(FIGURES.read_text()).items()}


def write_figures(figures: dict[str, Figures]) -> None:
    """Keep those of files that are still there, with the page."""
    figures = {path: at for path, at in figures.items() if (REPOSITORY / path).exists()}
    lines = [f'  "{path}": {json.dumps(asdict(figures[path]))}' for path in sorted(figures)]
    FIGURES.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    PAGE.write_text(rendered(figures))


def rendered(figures: dict[str, Figures]) -> str:
    """The page."""
    parts = [_HEAD]
    for room in ROOMS:
        files = {path: figures[path] for path in room.paths() if path in figures}
        parts.append(_table(room, files) if files else f"## {room.name}: not tried yet\n")
    return "\n".join(parts)


def _table(room: Room, files: dict[str, Figures]) -> str:
    rows = [
        _row(f"`{path.removeprefix(f'{BILLING}/')}`", [at], f"{at.date}, {at.source}") for path, at in files.items()
    ]
    rows.append(_row(f"**all of {room.name}**", list(files.values())))
    return f"## {room.name}: at least {room.floor:.0f} %\n\n{_COLUMNS}\n" + "\n".join(rows) + "\n"


def _row(name: str, figures: list[Figures], tried: str = "") -> str:
    mutants, killed, late, survived = (
        sum(getattr(at, column) for at in figures) for column in ("mutants", "killed", "late", "survived")
    )
    return f"| {name} | {mutants} | {killed} | {late} | {survived} | {percent(figures):.1f} | {tried} |"


_COLUMNS = """| File | Mutants | Killed | By time | Survived | Percent | Tried |
|---|--:|--:|--:|--:|--:|---|"""
_HEAD = f"""# Mutation testing

Written by `make mutation`; do not edit it by hand. A mutant is the code with one small change; a test that fails kills
it. A mutant that survives points to a missing test, or to a change that makes no difference.

```
make mutation                    # all of it
make mutation ARGS=domain        # one room: {", ".join(room.name for room in ROOMS)}
make mutation ARGS={BILLING}/domain/credits.py
```

It runs in a copy; only the figures below come back to the checkout. It fails for a survivor that is not in
[tests/mutation/survivors](../tests/mutation/survivors) with a one-line reason, and for a room below its floor; it also
says which of those entries have been killed since. The operators are those of
[mutmut](https://mutmut.readthedocs.io) 3; [decision 0038](decisions/0038-mutants-by-our-own-runner.md) says why mutmut
does not run them itself.

Left out, by rule (`tests/mutation/mutants.py`): docstrings, annotations, the wording of an error that is raised, log
calls, the names of types in a `cast`, what can't be compiled; and, as in mutmut, what is outside functions, `len()`
and `isinstance()`. Of the three mutants that mutmut makes of a string, only the first is tried.

The tests are those of `tests/unit` that run the changed lines; Hypothesis plays four examples, the same each time.
First they run twice over the clean code, from first to last and from last to first, and must be green. A mutant is
killed when a test fails. "By time" are mutants that ran on for ever and were stopped: they count as killed. A mutant
that no test runs, or whose process ends without a failed test, has survived. `git show` with the name in the last
column shows the file as it was when it was tried; if git has another name for the file today, it has changed since.
"""
