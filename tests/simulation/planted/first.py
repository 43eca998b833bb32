"""Which seed is the first to fail: `python -m tests.simulation.planted.first`, run in the broken copy.

One process and one seed after the other, so that the answer is the same on every machine. It is `make simulate` with
one process, `--most-failures 1` and `--no-shrinking`, less what a batch would still run after the first failure.
"""

from __future__ import annotations

import json
import time

import click

from tests.simulation.batch import prepared
from tests.simulation.run import run

_TELLS = 5.0
"""Seconds between two lines that tell how far it is."""


@click.command()
@click.option("--runs", required=True, type=click.IntRange(1))
@click.option("--seed", required=True, type=click.IntRange(0))
@click.option("--seconds", default=86_400.0, help="After these no further seed is begun.")
def main(runs: int, seed: int, seconds: float) -> None:
    """Print how many seeds were tried, now and then; at last the first that failed, and with what."""
    prepared()
    begun = told = time.monotonic()
    done = 0
    while done < runs and (now := time.monotonic()) - begun < seconds:
        if now - told >= _TELLS:
            told = now
            click.echo(json.dumps({"tried": done}))
        failure = run(seed + done).failure
        done += 1
        if failure is not None:
            click.echo(json.dumps({"tried": done, "seed": seed + done - 1, "failure": failure.splitlines()[0]}))
            return
    click.echo(json.dumps({"tried": done, "seed": None, "failure": None}))


if __name__ == "__main__":
    main()
