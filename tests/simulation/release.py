"""`make releasable`: whether a million seeds have run on the product that lies here, and each failure is mended."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import click

from tests.simulation.record import REPOSITORY, Piece, pieces, reasons, unexplained

WANTED = 1_000_000
PRODUCT = ("layers", "functions")
"""Seeds of a commit count for as long as nothing of these is another than it was there."""


@dataclass(frozen=True)
class Standing:
    """What is recorded of the product that lies here."""

    seeds: int
    """Each once, however often it ran."""
    unexplained: tuple[tuple[str, int], ...]
    """Failures of any product, by commit and seed, of which nobody has said why."""
    unmended: tuple[tuple[str, int], ...]
    """Those that are explained, and not mended."""

    @property
    def missing(self) -> int:
        """How many seeds are still to be run."""
        return max(0, WANTED - self.seeds)

    @property
    def ready(self) -> bool:
        """Whether a release may be made."""
        return not (self.missing or self.unexplained or self.unmended)


def standing(repository: Path = REPOSITORY) -> Standing:
    """Count what the record says. A piece with uncommitted changes is of no product that anybody can see."""
    every = pieces(repository)
    counted = [piece for piece in every if piece.clean and _same_product(repository, piece.commit)]
    known = reasons(repository)
    unmended = tuple((each.commit, seed) for each in known if not each.mended for seed in each.seeds)
    return Standing(_distinct(counted), tuple(unexplained(every, known)), unmended)


def _same_product(repository: Path, commit: str) -> bool:
    """Raise UsageError where the commit is not known: in a clone without its past nothing can be said."""
    command = ["git", "diff", "--quiet", commit, "--", *PRODUCT]
    done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if done.returncode > 1:
        raise click.UsageError(f"commit {commit[:12]} of the record is not in this clone: git fetch --unshallow")
    return done.returncode == 0


def _distinct(counted: list[Piece]) -> int:
    total, upto = 0, -1
    for piece in sorted(counted, key=lambda each: each.first):
        total += max(0, piece.last - max(piece.first - 1, upto))
        upto = max(upto, piece.last)
    return total


@click.command()
def main() -> None:
    """Say whether this product may be released; 1 when not."""
    now = standing()
    click.echo(f"{now.seeds:,} of {WANTED:,} seeds have run on the functions and layers that lie here.")
    for commit, seed in now.unexplained:
        click.echo(f"Nobody has said why seed {seed} failed at {commit}: docs/simulation-failures.toml.")
    for commit, seed in now.unmended:
        click.echo(f"What seed {seed} failed by at {commit} is not mended yet: docs/simulation-failures.toml.")
    if now.missing:
        click.echo(f"{now.missing:,} are missing: make simulate RUNS=... SEED=... ARGS=--record")
    raise SystemExit(0 if now.ready else 1)


if __name__ == "__main__":
    main()
