"""`make simulate RUNS=N SEED=S`: run many seeds on every core; a failing one is shrunk, and told as a story."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.simulation import batch
from tests.simulation.run import Outcome
from tests.simulation.shrink import shrink
from tests.simulation.story import story

_AT_ONCE = 50
"""Runs that a process is handed at a time."""
RECORD = Path("docs/simulation-record.json")


def _chunks(seed: int, runs: int) -> Iterator[range]:
    for start in range(seed, seed + runs, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, seed + runs))


@click.command(context_settings={"show_default": True})
@click.option("--runs", default=1000, type=click.IntRange(1), help="How many seeds.")
@click.option("--seed", default=1, type=click.IntRange(0), help="The first one.")
@click.option("--processes", default=os.cpu_count() or 1, type=click.IntRange(1))
@click.option("--most-failures", default=1, type=click.IntRange(1), help="Stop after so many.")
@click.option("--shrinking/--no-shrinking", default=True, help="Shrink a failure before it is told.")
@click.option("--record/--no-record", default=False, help=f"Write {RECORD} at the end.")
def main(runs: int, seed: int, processes: int, most_failures: int, shrinking: bool, record: bool) -> None:
    """Simulate the whole system from seeds, and hold every end to the oracle."""
    begun, told, done, calls = time.monotonic(), time.monotonic(), 0, 0
    failed: list[Outcome] = []
    with multiprocessing.get_context("spawn").Pool(processes, batch.prepared) as pool:
        for count, made, bad in pool.imap_unordered(batch.some, _chunks(seed, runs)):
            done, calls = done + count, calls + made
            failed += bad
            if time.monotonic() - told > 5 or done == runs:
                told = time.monotonic()
                rate = done / (told - begun)
                click.echo(f"{done} of {runs} runs, {calls} calls, {rate:.1f} runs/s, {len(failed)} failed")
            if len(failed) >= most_failures:
                pool.terminate()
                break
    for outcome in sorted(failed, key=lambda each: each.seed)[:most_failures]:
        click.echo(f"\nseed {outcome.seed} failed: {outcome.failure}")
        click.echo(story(shrink(outcome) if shrinking else outcome))
    if record and not failed:
        _write(seed, runs, calls, processes, time.monotonic() - begun)
    raise SystemExit(1 if failed else 0)


def _write(seed: int, runs: int, calls: int, processes: int, seconds: float) -> None:
    """Add to the record that the docs show."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], check=True, capture_output=True, text=True
    ).stdout.strip()
    known = json.loads(RECORD.read_text()) if RECORD.exists() else []
    known.append(
        {
            "commit": commit,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "seeds": [seed, seed + runs - 1],
            "runs": runs,
            "calls": calls,
            "processes": processes,
            "seconds": round(seconds),
            "runs_per_second_and_process": round(runs / seconds / processes, 1),
        }
    )
    RECORD.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main()
