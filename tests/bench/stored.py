"""docs/cost.json: what was counted last. Prices and times on docs/cost.md can change without it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench.counted import Step
from tests.simulation.record import REPOSITORY

COUNTS = Path("docs/cost.json")
NEAR = 0.02
"""Bytes that differ by no more than this are the same: times are in them, whose digits are chance."""


def saved(steps: Sequence[Step], repository: Path = REPOSITORY) -> None:
    """Write them, but for Stripe's routes, whose order is chance.

    Bytes that came out nearly as before stay as they were, so that measuring again changes no file.
    """
    before = {step.name: step for step in read(repository)} if (repository / COUNTS).exists() else {}
    found = [_steady(step, before.get(step.name, step)) for step in steps]
    kept = [{name: value for name, value in asdict(step).items() if name != "stripe"} for step in found]
    (repository / COUNTS).write_text(f"{json.dumps(kept, indent=1)}\n")


def _steady(step: Step, before: Step) -> Step:
    return replace(step, logged=_near(step.logged, before.logged), largest=_near(step.largest, before.largest))


def _near(found: int, before: int) -> int:
    return before if abs(found - before) <= NEAR * before else found


def read(repository: Path = REPOSITORY) -> list[Step]:
    """Those of the last `make cost`."""
    return [Step(**told) for told in json.loads((repository / COUNTS).read_text())]
