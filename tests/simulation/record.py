"""The record of what was simulated: a piece for each run of the command, and the page of the docs that shows them.

A record of a million seeds takes hours, so it is made of pieces, each with the commit that it was of. A piece is
written when all of its seeds have run to their end, and never for a part of them.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.simulation.batch import Done

REPOSITORY = Path(__file__).parents[2]
RECORD = Path("docs/simulation-record.json")
PAGE = Path("docs/simulation-record.md")
FAILURES = Path("docs/simulation-failures.toml")

_HEAD = """\
# What was simulated

Made by `make simulate RUNS=20000 SEED=1 ARGS=--record` and the like; not edited by hand. What is simulated, and what
must hold, is said in [tests/simulation](../tests/simulation/README.md). A seed is one run of forty calls; at another
commit it may mean another run. With the deeds that set off handlers, and with what is called until it is at rest, a run
has some eighty calls: 53 of handlers, 26 of actors.
"""
_COLUMNS = (
    *("Begun (UTC)", "Commit", "Seeds", "Runs", "Failed", "Calls of handlers", "of actors", "Took"),
    *("Runs per second", "per CPU second", "Calls per CPU second"),
)
_TABLE = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"
_WHY = "\n## Why they failed\n\n"


class AlreadyRecorded(Exception):
    """Some of these seeds are recorded for this commit: they would count twice."""


class Incomplete(Exception):
    """Not all of a piece's seeds have run."""


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
    """Why some seeds have failed at a commit, where the fault was, and the commit that mended it."""

    seeds: tuple[int, ...]
    commit: str
    """Its first twelve digits, as the page shows it."""
    why: str
    mended: str
    where: str
    """`product`, or `simulation`: it asked for what nobody has promised."""


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


class Recording:
    """A piece in the making. It knows its commit from the beginning, and nothing is written before its end."""

    def __init__(self, first: int, last: int, repository: Path = REPOSITORY) -> None:
        """Raise AlreadyRecorded where a seed of these is recorded for the commit that lies here."""
        self._first, self._last, self._repository = first, last, repository
        self._commit, self._clean = source(repository)
        self._begun, self._clock = datetime.now(UTC), time.monotonic()
        self._refuse_twice(pieces(repository))

    def end(self, done: Done, processes: int) -> Piece:
        """Add the piece, and write the page anew. Raise Incomplete when it is not all of its seeds that ran."""
        runs = self._last - self._first + 1
        if done.runs != runs:
            raise Incomplete(f"{done.runs} of {runs} seeds have run")
        piece = Piece(
            commit=self._commit,
            clean=self._clean,
            begun=self._begun.isoformat(timespec="seconds"),
            first=self._first,
            last=self._last,
            calls=done.calls,
            failed=tuple(sorted(outcome.seed for outcome in done.failed)),
            processes=processes,
            seconds=round(time.monotonic() - self._clock, 1),
            cpu_seconds=round(done.cpu_seconds, 1),
            python=platform.python_version(),
            deeds=done.deeds,
        )
        every = pieces(self._repository)
        self._refuse_twice(every)
        every.append(piece)
        _put(self._repository / RECORD, json.dumps([asdict(each) for each in every], indent=2) + "\n")
        _put(self._repository / PAGE, rendered(every, reasons(self._repository)))
        return piece

    def _refuse_twice(self, every: Sequence[Piece]) -> None:
        for each in every:
            if each.commit == self._commit and each.first <= self._last and self._first <= each.last:
                commit = self._commit[:12]
                raise AlreadyRecorded(f"seeds {each.first} to {each.last} of commit {commit} are recorded already")


def _put(path: Path, text: str) -> None:
    """At every moment the file is there as it was, or as it is to be."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


def rendered(every: Sequence[Piece], known: Sequence[Reason] = ()) -> str:
    """The page."""
    if not every:
        return f"{_HEAD}\nNothing is recorded yet.\n"
    runs, failed = sum(piece.runs for piece in every), sum(len(piece.failed) for piece in every)
    commits = len({piece.commit for piece in every})
    total = f"{runs:,} runs of {_counted(commits, 'commit')}, of which {failed:,} failed."
    dirty = "" if all(piece.clean for piece in every) else "\n\\* with changes that were not committed.\n"
    why = "".join(map(_why, known)) + "".join(
        f"- {seed}, at `{commit}`: not known yet.\n" for commit, seed in unexplained(every, known)
    )
    return (
        f"{_HEAD}\n{total}\n\n{_TABLE}{''.join(_row(piece) for piece in every)}{dirty}{f'{_WHY}{why}' if why else ''}"
    )


def _why(reason: Reason) -> str:
    seeds = ", ".join(map(str, reason.seeds))
    return f"- {seeds}, at `{reason.commit}`. The {reason.where}: {reason.why} Mended in `{reason.mended}`.\n"


def _row(piece: Piece) -> str:
    cells = (
        piece.begun[:16].replace("T", " "),
        f"`{piece.commit[:12]}`{'' if piece.clean else ' \\*'}",
        f"{piece.first:,} to {piece.last:,}",
        f"{piece.runs:,}",
        ", ".join(map(str, piece.failed)) or "0",
        f"{piece.calls:,}",
        f"{piece.deeds:,}" if piece.deeds else "-",
        f"{piece.seconds / 60:,.0f} min in {_counted(piece.processes, 'process', 'processes')}",
        _rate(piece.runs, piece.seconds),
        _rate(piece.runs, piece.cpu_seconds),
        f"{(piece.calls + piece.deeds) / piece.cpu_seconds:,.0f}" if piece.deeds and piece.cpu_seconds else "-",
    )
    return f"| {' | '.join(cells)} |\n"


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {more or one + 's'}"


def _rate(number: int, seconds: float) -> str:
    return f"{number / seconds:.1f}" if seconds else "-"
