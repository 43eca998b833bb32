"""docs/bench.json: the figures of one run of `make bench`, with the commit and the machine that they are of."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.timing import ROUNDS, WARM_REQUESTS, WARM_ROUNDS, Figure, Start, Warm
from tests.simulation.record import REPOSITORY, source

RECORD = Path("docs/bench.json")


@dataclass(frozen=True)
class Record:
    """One run."""

    commit: str
    clean: bool
    begun: str
    """ISO 8601, UTC."""
    python: str
    machine: str
    cores: int
    load: float
    """Processes that wanted a core, on average of the minute before: above the number of cores, times are noisy."""
    rounds: int
    warm_requests: int
    starts: tuple[Start, ...]
    warm: tuple[Warm, ...]
    loaded: dict[str, tuple[int, int]]
    """By function: modules, and files opened, until its clients are made."""

    def start(self, function: str, kind: str) -> Start:
        (found,) = (each for each in self.starts if (each.function, each.kind) == (function, kind))
        return found

    def webhook(self, size: int, kind: str) -> Warm:
        (found,) = (each for each in self.warm if (each.size, each.kind) == (size, kind))
        return found


def made(starts: list[Start], warm: list[Warm], loaded: dict[str, tuple[int, int]]) -> Record:
    """Of figures just measured, here and now."""
    commit, clean = source()
    return Record(
        commit=commit,
        clean=clean,
        begun=datetime.now(UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 1),
        rounds=ROUNDS,
        warm_requests=WARM_ROUNDS * WARM_REQUESTS,
        starts=tuple(starts),
        warm=tuple(warm),
        loaded=loaded,
    )


def saved(record: Record, repository: Path = REPOSITORY) -> None:
    """Write it. Figures are rounded to what can be read off them."""
    text = json.dumps(asdict(record), indent=1, default=str)
    (repository / RECORD).write_text(f"{text}\n")


def read(repository: Path = REPOSITORY) -> Record:
    """The one of the last run."""
    told: dict[str, Any] = json.loads((repository / RECORD).read_text())
    starts = tuple(
        Start(**{**each, **_figures(each, "processor", "wall", "memory", "again")}) for each in told.pop("starts")
    )
    warm = tuple(Warm(**{**each, **_figures(each, "processor")}) for each in told.pop("warm"))
    loaded = {name: (modules, opened) for name, (modules, opened) in told.pop("loaded").items()}
    return Record(**told, starts=starts, warm=warm, loaded=loaded)


def _figures(told: dict[str, Any], *names: str) -> dict[str, Figure]:
    return {name: Figure(**told[name]) for name in names}
