"""The planted bugs, and what is known of each: what sees it, after how many seeds, and whether the unit tests do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
PATCHES = _HERE / "patches"
RESULTS = _HERE / "results.json"

FIRST_SEED = 1
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Bug:
    """One patch, with what its header says."""

    name: str
    patch: Path
    title: str
    why: str
    rule: str
    unseen: str = ""
    """Why no seed sees it, where that is understood."""


@dataclass(frozen=True)
class Seen:
    """How far the simulation was run on the broken copy. The first `seeds` seeds were all green but the last."""

    product: str
    """The last commit of what was broken."""
    simulation: str
    """The last commit of what looked on."""
    tried: int
    seeds: int | None
    """How many it took; None when none of those tried has failed."""
    failure: str | None


@dataclass(frozen=True)
class Units:
    """What the unit tests said: one that fails on the broken copy; or else how many are green there, with all bugs that
    no unit test sees planted at once.
    """

    product: str
    passed: int | None
    failed: str | None
    green_at: str | None = None
    """The last product at which all of them were green, where a test was written since."""

    def after(self, before: Units | None) -> Units:
        """What they say now, with what is worth knowing of what they said before."""
        if before is None or self.failed is None:
            return self
        return replace(self, green_at=before.green_at if before.failed is not None else before.product)


@dataclass(frozen=True)
class Result:
    """All that is known of a bug; None is what was not looked at."""

    seen: Seen | None = None
    units: Units | None = None
    enumerated: str | None = None
    """The test of tests/simulation/test_exhaustive.py that sees it: looked for where no seed does."""

    @property
    def caught(self) -> bool:
        """Whether a seed has seen it."""
        return self.seen is not None and self.seen.seeds is not None

    @property
    def silent(self) -> bool:
        """Whether a seed has seen it, and no unit test."""
        return self.caught and self.units is not None and self.units.failed is None

    @property
    def was_silent(self) -> bool:
        """Whether a seed has seen it, and no unit test until one was written."""
        return self.caught and self.units is not None and self.units.green_at is not None


def bugs() -> list[Bug]:
    """All of them, in order. Raises ValueError for a patch without its header."""
    return [_read(patch) for patch in sorted(PATCHES.glob("*.patch"))]


def _read(patch: Path) -> Bug:
    head = patch.read_text().split("\n--- a/", 1)[0]
    title, why, rule, *unseen = (part.strip() for part in head.strip().split("\n\n"))
    reason = "".join(unseen).removeprefix("Unseen: ")
    return Bug(patch.stem.split("-", 1)[1], patch, title, why, rule.removeprefix("Rule: "), reason)


def results() -> dict[str, Result]:
    """What was found last of each bug."""
    return {name: _result(row) for name, row in json.loads(RESULTS.read_text()).items()} if RESULTS.exists() else {}


def _result(row: dict[str, Any]) -> Result:
    seen, units = row["seen"], row["units"]
    return Result(Seen(**seen) if seen else None, Units(**units) if units else None, row["enumerated"])


def keep(found: dict[str, Result]) -> None:
    """Write down what was found, of the bugs that there are."""
    rows = {bug.name: asdict(found[bug.name]) for bug in bugs() if bug.name in found}
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")
