"""The head of docs/bench.md: on what machine it was, which targets are missed, and why as far as is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from tests.bench.record import Record
from tests.bench.subjects import EMPTY, OURS, PLAIN
from tests.bench.timing import SIZES

STARTS, WEBHOOK, MEMORY = 8, 1.1, 3
"""The targets of docs/design/performance.md."""


def busy(record: Record) -> str:
    """How much else ran."""
    said = f"In the last minute of the run {record.load:g} processes on average wanted to run"
    if record.load <= record.cores:
        return f"{said}."
    return f"{said}, more than there are cores:\nthe machine was overloaded, so times by the clock are longer."


def missed(record: Record) -> list[str]:
    """The paragraph, in lines."""
    return wrap(" ".join(_said(record)), 118, break_long_words=False, break_on_hyphens=False)


def _said(record: Record) -> Iterator[str]:
    names = sorted({each.function for each in record.starts})
    ours = {name: _start(record, name, OURS) for name in names}
    slow = [name for name in names if ours[name] > STARTS]
    plain = [_start(record, name, PLAIN) for name in slow]
    large = [ratio for ratio in (_memory(record, name) for name in names) if ratio > MEMORY]
    warm = [ratio for ratio in (_warm(record, size) for size in SIZES) if ratio > WEBHOOK]
    if not (slow or large or warm):
        yield "Every target is met."
        return
    yield "**Targets are missed.**"
    if slow:
        yield f"{len(slow)} of {len(names)} functions take more than {STARTS} times what an empty handler takes to"
        yield f"start and answer: {_span([ours[name] for name in slow])} times."
        yield "An empty handler has loaded nothing but the runtime. Most of the difference is importing and preparing"
        yield f"the SDKs: plain implementations of the same functions, which do little else, take {_span(plain)} times,"
        yield f"and {sum(ratio > STARTS for ratio in plain)} of them miss the target too."
    if large:
        yield f"{len(large)} of {len(names)} functions take more than {MEMORY} times its memory: {_span(large)} times."
    if warm:
        yield f"The warm webhook takes {_span(warm)} times plain instead of {WEBHOOK}."
    yield "Plain ones have no guards, logs or metrics, and fetch no secrets"
    yield "([decision 0051](decisions/0051-what-is-measured-and-what-gates.md)); how much each of these takes was not"
    yield "measured, nor how much lower the figures would be on a machine with nothing else to do."


def _start(record: Record, function: str, kind: str) -> float:
    return record.start(function, kind).processor.median / record.start(function, EMPTY).processor.median


def _memory(record: Record, function: str) -> float:
    return record.start(function, OURS).memory.median / record.start(function, EMPTY).memory.median


def _warm(record: Record, size: int) -> float:
    return record.webhook(size, OURS).processor.median / record.webhook(size, PLAIN).processor.median


def _span(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f}"
