"""The record of what was simulated: a piece for each run of the command.

A record of a million seeds takes hours, so it is made of pieces, each with the commit that it was of. A piece is
written when all of its seeds have run to their end, and never for a part of them.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
RECORD = Path("docs/simulation-record.json")
PAGE = Path("docs/simulation-record.md")
FAILURES = Path("docs/simulation-failures.toml")


@dataclass(frozen=True)
class Piece:
    """Some seeds that were all run, from the first to the last, at one commit."""

    commit: str
    clean: bool
    begun: str
    """ISO 8601, UTC."""
    first: int
    last: int
    calls: int
    """Invocations of functions."""
    failed: tuple[int, ...]
    """The seeds at whose end, or before it, something did not hold."""
    processes: int
    seconds: float
    cpu_seconds: float
    python: str
    deeds: int = 0
    """Calls of actors; 0 where they were not counted."""

    @property
    def runs(self) -> int:
        """How many."""
        return self.last - self.first + 1


def source(repository: Path = REPOSITORY) -> tuple[str, bool]:
    """The commit that lies here now, and whether nothing differs from it.

    The record and its page do not count, which the piece before has written.
    """
    ours = (f":(exclude){RECORD}", f":(exclude){PAGE}")
    changes = _git(repository, "status", "--porcelain", "--", ".", *ours)
    return _git(repository, "rev-parse", "HEAD").strip(), not changes


def _git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, text=True).stdout


def pieces(repository: Path = REPOSITORY) -> list[Piece]:
    """The pieces, the first one first."""
    path = repository / RECORD
    known = json.loads(path.read_text()) if path.exists() else []
    return [Piece(**{**each, "failed": tuple(each["failed"])}) for each in known]


@dataclass(frozen=True)
class Reason:
    """Why some seeds have failed at a commit, where the fault was, and the commit that mended it, if one has."""

    seeds: tuple[int, ...]
    commit: str
    """Its first twelve digits, as the page shows it."""
    why: str
    where: str
    """`product`, or `simulation`: it asked for what nobody has promised."""
    mended: str = ""
    """Empty while it is not."""


def reasons(repository: Path = REPOSITORY) -> list[Reason]:
    """What people have found out about the failures."""
    path = repository / FAILURES
    known = tomllib.loads(path.read_text())["failure"] if path.exists() else []
    return [Reason(**{**each, "seeds": tuple(each["seeds"])}) for each in known]


def unexplained(every: Sequence[Piece], known: Sequence[Reason]) -> list[tuple[str, int]]:
    """Failures of which nobody has said why, by commit and seed."""
    told = {(each.commit, seed) for each in known for seed in each.seeds}
    return [
        (piece.commit[:12], seed) for piece in every for seed in piece.failed if (piece.commit[:12], seed) not in told
    ]


def put(path: Path, text: str) -> None:
    """Write a file, which at every moment is there as it was, or as it is to be."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
