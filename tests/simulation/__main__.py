"""`make simulate RUNS=N SEED=S`: run many seeds on every core; a failing one is shrunk, and told as a story."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

import click

from tests.simulation import batch
from tests.simulation.batch import Done
from tests.simulation.record import RECORD
from tests.simulation.record_page import OF_A_RUN
from tests.simulation.recording import AlreadyRecorded, Recording
from tests.simulation.shrink import shrink
from tests.simulation.story import story

_AT_ONCE = 20
"""Runs that a process is handed at a time."""


@click.command(context_settings={"show_default": True})
@click.option("--runs", default=1000, type=click.IntRange(1), help="How many seeds.")
@click.option("--seed", default=1, type=click.IntRange(0), help="The first one.")
@click.option("--processes", default=os.cpu_count() or 1, type=click.IntRange(1))
@click.option("--most-failures", default=1, type=click.IntRange(1), help="Stop after so many; a record never stops.")
@click.option("--shrinking/--no-shrinking", default=True, help="Shrink a failure before it is told.")
@click.option("--record/--no-record", default=False, help=f"Add these seeds to {RECORD} when all of them have run.")
def main(runs: int, seed: int, processes: int, most_failures: int, shrinking: bool, record: bool) -> None:
    """Simulate the whole system from seeds, and hold every end to the oracle."""
    try:
        recording = Recording(seed, seed + runs - 1) if record else None
    except AlreadyRecorded as exc:
        raise click.ClickException(str(exc)) from None
    done = Done()
    try:
        for each in _run(range(seed, seed + runs), processes):
            done.add(each)
            for outcome in each.failed:
                click.echo(f"seed {outcome.seed} failed: {outcome.failure}")
            if len(done.failed) >= most_failures and not record:
                break
    except KeyboardInterrupt:
        click.echo(f"ended after {done.runs} of {runs} runs{', of which nothing is recorded' if record else ''}")
        raise SystemExit(130) from None
    if recording is not None:
        recording.end(done, processes)
    for outcome in sorted(done.failed, key=lambda each: each.seed)[:most_failures]:
        click.echo(f"\n{story(shrink(outcome) if shrinking else outcome)}")
        click.echo(f"Again: make simulate RUNS=1 SEED={outcome.seed}")
    raise SystemExit(1 if done.failed else 0)


def _run(seeds: range, processes: int) -> Iterator[Done]:
    """Run the seeds, some at a time, and say how far it is. A process that is killed ends all of it by an error."""
    begun = told = time.monotonic()
    every = Done()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), batch.at_work) as pool:
        try:
            chunks = [seeds[start : start + _AT_ONCE] for start in range(0, len(seeds), _AT_ONCE)]
            for future in as_completed([pool.submit(batch.some, chunk) for chunk in chunks]):
                every.add(future.result())
                yield future.result()
                if time.monotonic() - told > 5 or every.runs == len(seeds):
                    told = time.monotonic()
                    click.echo(_progress(every, len(seeds), told - begun))
        except (KeyboardInterrupt, GeneratorExit):  # nobody waits for what is under way
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _progress(done: Done, runs: int, seconds: float) -> str:
    calls = done.calls + done.deeds
    a_second = calls / done.cpu_seconds
    cpu = f"{done.runs / done.cpu_seconds:.1f} runs, {a_second:,.0f} calls ({OF_A_RUN} x {a_second / OF_A_RUN:.1f})"
    return (
        f"{done.runs} of {runs} runs, {calls} calls of handlers and actors, {done.runs / seconds:.1f} runs/s; "
        f"per CPU second {cpu}; {len(done.failed)} failed"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
