"""`make fuzz-webhook RUNS=1000000`: coverage-guided. A folder for what is worth trying, then libFuzzer's arguments.

https://github.com/google/atheris , https://llvm.org/docs/LibFuzzer.html#options
"""

import os
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["billing", "functions"]):
    from tests.fakes.webhook_edge import new_edge

from tests.fakes.webhook_edge import FIXTURES
from tests.fuzz.webhook.delivery import ODD, delivery
from tests.fuzz.webhook.properties import hold


def one(data: bytes) -> None:
    delivered, edge = delivery(data), new_edge()
    hold(delivered, edge.post(delivered.event), edge)


def plant(corpus: Path) -> None:
    """Begin with Stripe's own events, as they are and as the start of odd ones."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(FIXTURES.glob("*.json"))):
        (corpus / path.stem).write_bytes(bytes([2 + number % 2, 0, 0, 0]) + path.read_bytes())
        (corpus / f"odd-{path.stem}").write_bytes(bytes([ODD + 1, 0, 0, 0, number]))


def main() -> None:
    plant(Path(sys.argv[1]))
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  the handlers' metrics are printed; libFuzzer speaks on stderr
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
