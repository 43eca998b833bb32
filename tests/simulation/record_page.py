"""The page of the docs that shows the record: a row for each commit whose seeds were run.

`python -m tests.simulation.record_page` writes it, after a failure was explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.simulation.record import PAGE, REPOSITORY, Piece, Reason, pieces, put, reasons, unexplained

OF_A_RUN = 40
"""Calls of handlers and actors that make one run, by the measure that asks for fifty runs per second and core."""

_HEAD = """\
# What was simulated

Written by `make simulate RUNS=20000 SEED=1 ARGS=--record` and the like; do not edit it by hand. What is simulated, and
what must hold, is described in [tests/simulation](../tests/simulation/README.md). A seed is one run; at another commit
it may be a different one. Seeds that are in no row ran in a command that was stopped, or in none.

A run goes on until forty calls that count have been made (a deed that sets off functions counts only by these), and
then comes to rest. With every deed, and with what is called on the way to rest, it has about eighty, two thirds of them
of handlers. The last two columns say what one core did in a second: such runs, and runs of 40 calls in all.
"""
_COLUMNS = (
    *("Begun (UTC)", "Commit", "Seeds", "Runs", "Failed", "Calls of handlers", "of actors", "Took", "CPU time"),
    *("Runs per CPU second", f"Calls per CPU second / {OF_A_RUN}"),
)
_TABLE = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"
_WHY = "\n## Why they failed\n\n"


def write_page(repository: Path = REPOSITORY) -> None:
    """Write the page of what is recorded there."""
    put(repository / PAGE, rendered(pieces(repository), reasons(repository)))


def rendered(every: Sequence[Piece], known: Sequence[Reason] = ()) -> str:
    """Make the page of all pieces, and of what people have found out about those that failed."""
    if not every:
        return f"{_HEAD}\nNothing is recorded yet.\n"
    commits: dict[str, list[Piece]] = {}
    for piece in every:
        commits.setdefault(f"`{piece.commit[:12]}`{'' if piece.clean else ' \\*'}", []).append(piece)
    runs, failed = sum(piece.runs for piece in every), sum(len(piece.failed) for piece in every)
    total = (
        f"{runs:,} runs of {_counted(len({piece.commit for piece in every}), 'commit')}, of which {failed:,} failed."
    )
    dirty = "" if all(piece.clean for piece in every) else "\n\\* with uncommitted changes.\n"
    why = "".join(map(_why, known)) + "".join(
        f"- {seed}, at `{commit}`: not known yet.\n" for commit, seed in unexplained(every, known)
    )
    rows = "".join(_row(commit, of_it) for commit, of_it in commits.items())
    return f"{_HEAD}\n{total}\n\n{_TABLE}{rows}{dirty}{f'{_WHY}{why}' if why else ''}"


def _why(reason: Reason) -> str:
    seeds = ", ".join(map(str, reason.seeds))
    mended = f"Mended in `{reason.mended}`." if reason.mended else "Not mended yet."
    return f"- {seeds}, at `{reason.commit}`. The {reason.where}: {reason.why} {mended}\n"


def _row(commit: str, of_it: Sequence[Piece]) -> str:
    runs, calls, deeds = (sum(each) for each in zip(*((one.runs, one.calls, one.deeds) for one in of_it), strict=True))
    seconds, cpu = sum(each.seconds for each in of_it), sum(each.cpu_seconds for each in of_it)
    counted = all(each.deeds for each in of_it)
    cells = (
        of_it[0].begun[:16].replace("T", " "),
        commit,
        "; ".join(f"{first:,} to {last:,}" for first, last in _spans(of_it)),
        f"{runs:,}",
        ", ".join(str(seed) for each in of_it for seed in each.failed) or "0",
        f"{calls:,}",
        f"{deeds:,}" if counted else "-",
        f"{seconds / 60:,.0f} min",
        f"{cpu / 60:,.0f} min",
        f"{runs / cpu:.1f}" if cpu else "-",
        f"{(calls + deeds) / cpu / OF_A_RUN:.1f}" if counted and cpu else "-",
    )
    return f"| {' | '.join(cells)} |\n"


def _spans(of_it: Sequence[Piece]) -> list[tuple[int, int]]:
    """The first and last of the seeds that follow each other without a gap."""
    ordered = sorted(of_it, key=lambda each: each.first)
    begins = [ordered[0], *(later for sooner, later in pairwise(ordered) if later.first > sooner.last + 1)]
    ends = [*(sooner for sooner, later in pairwise(ordered) if later.first > sooner.last + 1), ordered[-1]]
    return [(first.first, last.last) for first, last in zip(begins, ends, strict=True)]


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


if __name__ == "__main__":
    write_page()
