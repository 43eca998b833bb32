"""Prove rows: their tests are green as the checkout stands, and red once the row's mechanism is taken away."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.proofs.rows import Row
from tests.proofs.workbench import BenchError, Verdict, Workbench

_SECONDS = 1800
"""For the tests of all rows, one after the other."""


@dataclass(frozen=True)
class Proof:
    """What came of proving a row; nothing `wrong` means that it is proven."""

    row: Row
    seconds: float
    wrong: tuple[str, ...] = ()


def prove(rows: Sequence[Row], bench: Workbench) -> Iterator[Proof]:
    """Run the tests of all rows on the whole copy, once, and each row's on the copy that its patch has broken.

    Raises BenchError when the whole copy's tests can't be run.
    """
    whole = bench.pytest(*sorted({test for row in rows for test in row.tests}), seconds=_SECONDS)
    for row in rows:
        begun = time.monotonic()
        try:
            wrong = tuple(_wrong(row, whole, bench))
        except BenchError as error:
            wrong = (str(error),)
        yield Proof(row, time.monotonic() - begun, wrong)


def _wrong(row: Row, whole: Verdict, bench: Workbench) -> Iterator[str]:
    never = [test for test in row.tests if _cases(test, whole.failed) or not _cases(test, whole.passed)]
    yield from (f"{test} is not green before anything is broken" for test in never)
    with bench.broken_by(row.patch):
        broken = bench.pytest(*row.tests)
    yield from (f"{test} stays green without the mechanism" for test in row.tests if not _cases(test, broken.failed))


def _cases(test: str, among: Iterable[str]) -> list[str]:
    """The cases of a test by its name, or the one case that it names."""
    return [name for name in among if name == test or ("[" not in test and name.startswith(f"{test}["))]
