"""`make fuzz-webhook RUNS=1000000`: coverage-guided. A folder for what is worth trying, then libFuzzer's arguments.

How far it is and what came of it is told here; libFuzzer itself speaks of a failure only, unless it is given a
`-verbosity`. https://github.com/google/atheris , https://llvm.org/docs/LibFuzzer.html#options
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["billing", "functions"]):
    from tests.fakes.webhook_edge import new_edge

from tests.fakes.webhook_edge import FIXTURES
from tests.fuzz.webhook.delivery import ODD, delivery
from tests.fuzz.webhook.properties import hold

_TELLS = 10.0
"""Seconds between two lines that tell how far it is."""


class Told:
    """Plays inputs, and tells how many of each kind there were."""

    def __init__(self, runs: int | None, tell: Callable[[str], None]) -> None:
        self._runs = runs
        self._tell = tell
        self._kinds: Counter[str] = Counter()
        self._begun = self._told = time.monotonic()

    def one(self, data: bytes) -> None:
        """Play one input; raises AssertionError for a wrong answer or effect."""
        delivered, edge = delivery(data), new_edge()
        hold(delivered, edge.post(delivered.event), edge)
        self._kinds["genuine" if delivered.genuine else "forged"] += 1
        if self._kinds.total() == self._runs or time.monotonic() - self._told > _TELLS:
            self._told = time.monotonic()
            self._tell(self._said())

    def _said(self) -> str:
        done, kinds = self._kinds.total(), self._kinds
        of = f" of {self._runs:,}" if self._runs else ""
        rate = done / (self._told - self._begun)
        return (
            f"{done:,}{of} inputs, {rate:,.0f} a second: {kinds['genuine']:,} signed by us, {kinds['forged']:,} not; "
            "none was answered wrongly"
        )


def plant(corpus: Path) -> None:
    """Begin with Stripe's own events, as they are and as the start of odd ones."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(FIXTURES.glob("*.json"))):
        (corpus / path.stem).write_bytes(bytes([2 + number % 2, 0, 0, 0]) + path.read_bytes())
        (corpus / f"odd-{path.stem}").write_bytes(bytes([ODD + 1, 0, 0, 0, number]))


def main() -> None:
    plant(Path(sys.argv[1]))
    runs = next((int(each.removeprefix("-runs=")) for each in sys.argv if each.startswith("-runs=")), None)
    out, sys.stdout = sys.stdout, Path(os.devnull).open("w")  # noqa: SIM115  the handlers' metrics are printed
    told = Told(runs if runs and runs > 0 else None, lambda line: print(line, file=out, flush=True))
    quiet = [] if any(each.startswith("-verbosity=") for each in sys.argv) else ["-verbosity=0"]
    atheris.Setup([*sys.argv, *quiet], told.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
