"""docs/cost.json: what was counted last. Prices and times on docs/cost.md can change without it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.counted import Step
from tests.simulation.record import REPOSITORY

COUNTS = Path("docs/cost.json")


def saved(steps: Sequence[Step], repository: Path = REPOSITORY) -> None:
    """Write them, but for Stripe's routes, whose order is chance."""
    kept = [{name: value for name, value in asdict(step).items() if name != "stripe"} for step in steps]
    (repository / COUNTS).write_text(f"{json.dumps(kept, indent=1)}\n")


def read(repository: Path = REPOSITORY) -> list[Step]:
    """Those of the last `make cost`."""
    return [Step(**told) for told in json.loads((repository / COUNTS).read_text())]
