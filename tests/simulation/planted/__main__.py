"""`make planted`: plant each bug in a copy, and simulate until a seed fails."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from tests.proofs.workbench import BenchError, Workbench
from tests.simulation.planted.bugs import MOST_SEEDS, RESULTS, Bug, Result, bugs, keep, results
from tests.simulation.planted.page import PAGE, page
from tests.simulation.planted.trial import Trial

NAMES = " and ".join(str(path.relative_to(PAGE.parents[1])) for path in (RESULTS, PAGE))
_WAYS = ("simulate", "units", "enumerate")


@click.command(context_settings={"show_default": True})
@click.option("--bug", multiple=True, help="Only these.")
@click.option("--by", type=click.Choice(_WAYS), default=_WAYS[0], help="What is to see them.")
@click.option("--runs", default=MOST_SEEDS, type=click.IntRange(1), help="How many seeds, at most.")
@click.option("--seconds", default=3600, type=click.IntRange(1), help="How long to simulate one bug, at most.")
@click.option("--whole", default=25, type=click.IntRange(1), help="Seeds that the copy must pass before any bug.")
@click.option("--missing/--all", default=False, help="Pass over what is known already.")
@click.option("--again", is_flag=True, help="Simulate those that a seed has seen, and write nothing down.")
@click.option("--write", is_flag=True, help=f"Write what became of each into {NAMES}.")
def main(
    bug: tuple[str, ...], by: str, runs: int, seconds: int, whole: int, missing: bool, again: bool, write: bool
) -> None:
    """Plant each bug, tell what became of it, and end with 1 when no seed has seen one."""
    unknown = set(bug) - {each.name for each in bugs()}
    if unknown:
        raise click.UsageError(f"no such bug: {', '.join(sorted(unknown))}")
    chosen = [each for each in bugs() if not bug or each.name in bug]
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Workbench(Path(folder) / "copy"), click.echo)
        try:
            if by == "simulate" or again:
                trial.whole(whole)
            if again:
                _again(trial, chosen, runs, seconds)
                return
            wanted = [each for each in chosen if not (missing and _is_known(each, by))]
            found = {}
            for each, row in _tried(trial, wanted, by, runs, seconds):
                found[each.name] = row
                if write:
                    _keep(each, row)
        except BenchError as error:
            raise click.ClickException(str(error)) from error
    unseen = [each.name for each in chosen if not (found.get(each.name) or _known(each)).caught]
    click.echo(f"seen by a seed: {len(chosen) - len(unseen)} of {len(chosen)}")
    click.echo(f"Written into {NAMES}." if write else "Nothing is written down; --write does that.")
    raise SystemExit(1 if unseen else 0)


def _tried(trial: Trial, wanted: list[Bug], by: str, runs: int, seconds: int) -> Iterator[tuple[Bug, Result]]:
    """Each bug with what is known of it then, as soon as that is."""
    if by == "units":
        for each, said in trial.units(wanted):
            known = _known(each)
            yield each, replace(known, units=said.after(known.units))
        return
    for each in wanted:
        known = _known(each)
        yield each, trial.enumerate(each, known) if by == "enumerate" else trial.simulate(each, known, runs, seconds)


def _again(trial: Trial, chosen: list[Bug], runs: int, seconds: int) -> None:
    """Hold every bug that was seen to being seen: what the simulation has become since may be blind to one."""
    seen = [each for each in chosen if _known(each).caught]
    missed = [each.name for each in seen if not trial.simulate(each, Result(), runs, seconds).caught]
    click.echo(f"seen again by a seed: {len(seen) - len(missed)} of {len(seen)}")
    if missed:
        raise click.ClickException(f"no seed sees {', '.join(missed)} any more")


def _known(bug: Bug) -> Result:
    return results().get(bug.name, Result())


def _is_known(bug: Bug, by: str) -> bool:
    known = _known(bug)
    if by == "units":
        return known.units is not None or not known.caught
    return known.caught or (by == "enumerate" and known.enumerated is not None)


def _keep(bug: Bug, row: Result) -> None:
    keep(results() | {bug.name: row})
    PAGE.write_text(page(bugs(), results()))


if __name__ == "__main__":
    main()
