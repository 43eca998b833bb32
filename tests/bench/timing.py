"""Measure starts and requests: ours, plain and empty by turns, so that whatever else this machine does hits all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from tests.bench.emulator import Taken
from tests.bench.subjects import EMPTY, OURS, PLAIN, Bench, delivered

ROUNDS, WARM_ROUNDS, WARM_REQUESTS = 5, 7, 40
SIZES = (4_000, 60_000)
"""Bytes of an event."""


@dataclass(frozen=True)
class Figure:
    """Of some measurements: the median, and between which half of them lie."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: list[float]) -> Figure:
        low, _, high = quantiles(values, n=4, method="inclusive")
        return Figure(*(round(value, 3) for value in (median(values), low, high)))


@dataclass(frozen=True)
class Start:
    """A function's init with its first request, of one kind of implementation."""

    function: str
    kind: str
    processor: Figure
    """Milliseconds."""
    wall: Figure
    memory: Figure
    """MB at most, until the first answer."""
    again: Figure
    """Milliseconds of processor time that the second request took."""


@dataclass(frozen=True)
class Warm:
    """One request of a webhook that has answered some already."""

    kind: str
    size: int
    processor: Figure


def starts(bench: Bench, say: Callable[[str], None], rounds: int = ROUNDS) -> Iterator[Start]:
    """Each function, each kind; what the first round takes is thrown away, since it reads files from the disk."""
    for label in bench.world.labels():
        make = bench.events(label)
        taken: dict[str, list[tuple[Taken, Taken]]] = {EMPTY: [], PLAIN: [], OURS: []}
        for _ in range(rounds + 1):
            for kind, found in taken.items():
                first, second = make(), make()
                with bench.start(kind, label) as started:
                    answer, took = started.invoke(first)
                    check(label, kind, answer)
                    answer, again = started.invoke(second)
                    check(label, kind, answer)
                found.append((took, again))
        for kind, found in taken.items():
            yield _start(label, kind, found[1:])
        say(label)


def _start(label: str, kind: str, taken: list[tuple[Taken, Taken]]) -> Start:
    return Start(
        function=label,
        kind=kind,
        processor=Figure.of([each.processor * 1000 for each, _ in taken]),
        wall=Figure.of([each.wall * 1000 for each, _ in taken]),
        memory=Figure.of([each.memory / 2**20 for each, _ in taken]),
        again=Figure.of([each.processor * 1000 for _, each in taken]),
    )


def warm_webhooks(bench: Bench) -> Iterator[Warm]:
    """Processor time of an event, in blocks by turns."""
    for size in SIZES:
        with bench.start(PLAIN, "webhook") as plain, bench.start(OURS, "webhook") as ours:
            taken: dict[str, list[float]] = {PLAIN: [], OURS: []}
            for number in range(WARM_ROUNDS + 1):
                for kind, process in ((PLAIN, plain), (OURS, ours)):
                    events = [delivered(bench.world, size) for _ in range(WARM_REQUESTS)]
                    block = [process.invoke(event) for event in events]
                    assert all(answer["statusCode"] == 200 for answer, _ in block)
                    if number:
                        taken[kind].append(sum(took.processor for _, took in block) * 1000 / WARM_REQUESTS)
        for kind, found in taken.items():
            yield Warm(kind, size, Figure.of(found))


def check(label: str, kind: str, answer: Any) -> None:
    """Only what was done counts."""
    if kind == EMPTY or answer is None:
        return
    assert answer.get("statusCode", 200) < 300, (label, kind, answer)
    assert not answer.get("batchItemFailures"), (label, kind, answer)
