"""docs/bench.md, made of docs/bench.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.missed import MEMORY, STARTS, WEBHOOK, busy, missed
from tests.bench.record import Record
from tests.bench.subjects import EMPTY, OURS, PLAIN
from tests.bench.timing import SIZES, Figure

PAGE = Path(__file__).resolve().parents[2] / "docs/bench.md"
_HEAD = """\
# How it compares with an empty handler and a plain implementation

Written by `make bench` on {begun} UTC, for commit `{commit}, with Python {python} on {machine}.
{busy} The figures are in [bench.json](bench.json).

{missed}

Each function runs as `make build` makes it, in Lambda's own Python runtime under the emulator of the SAM CLI. So does a
plain implementation of the same ([tests/bench/plain](../tests/bench/plain)): Stripe's SDK, boto3 and upstash-redis as
a tutorial uses them, guarded against nothing. The services are the local ones. Empty, plain and ours take turns,
{rounds} times each. A cell has the median, and in brackets the range in which the middle half of the measurements lies.
Processor time decides: time by the clock includes the local services, and whatever else the machine does.

Each check enforces what has no noise: [requests, units and commands](cost.md), modules and files opened.
"""


def rendered(record: Record) -> str:
    """The page."""
    return "\n".join([*_head(record), *_starts(record), *_warm(record), *_memory(record), *_loaded(record), ""])


def _head(record: Record) -> Iterator[str]:
    yield _HEAD.format(
        begun=record.begun[:16].replace("T", " "),
        commit=f"{record.commit[:12]}`{'' if record.clean else ', with uncommitted changes'}",
        python=record.python,
        machine=f"{record.machine} with {record.cores} cores",
        busy=busy(record),
        missed="\n".join(missed(record)),
        rounds=record.rounds,
    )


def _starts(record: Record) -> Iterator[str]:
    yield "## Init with the first request"
    yield ""
    yield f"Processor time in milliseconds. The target with the official SDKs: at most {STARTS} times an empty handler."
    yield "*Next* is the second request of the same process."
    yield ""
    ratios = ("Ours / empty", f"Within {STARTS}", "Ours / plain")
    yield _row(("Function", "Empty", "Plain", "Ours", *ratios, "Ours, by the clock", "Plain, next", "Ours, next"))
    yield _row(["---"] * 10)
    for function in _functions(record):
        empty, plain, ours = (record.start(function, kind) for kind in (EMPTY, PLAIN, OURS))
        ratio = ours.processor.median / empty.processor.median
        again = (_figure(plain.again), _figure(ours.again))
        own = f"{ours.processor.median / plain.processor.median:.2f}"
        cells = [_figure(each.processor) for each in (empty, plain, ours)]
        yield _row((function, *cells, f"{ratio:.2f}", _yes(ratio <= STARTS), own, _figure(ours.wall), *again))
    yield ""


def _warm(record: Record) -> Iterator[str]:
    yield "## The webhook, warm"
    yield ""
    yield f"Processor time for an event, in ms: {record.warm_requests} events of each size, in alternating blocks."
    yield f"The target is at most {WEBHOOK} times plain: a signature by hand, a look at Redis, a message by boto3."
    yield ""
    yield _row(("Event", "Plain", "Ours", "Ours / plain", f"Within {WEBHOOK}"))
    yield _row(["---"] * 5)
    for size in SIZES:
        plain, ours = (record.webhook(size, kind).processor for kind in (PLAIN, OURS))
        ratio = ours.median / plain.median
        cells = (_figure(plain, 2), _figure(ours, 2), f"{ratio:.2f}", _yes(ratio <= WEBHOOK))
        yield _row((f"{size // 1000} KB", *cells))
    yield ""


def _memory(record: Record) -> Iterator[str]:
    yield "## Memory"
    yield ""
    yield f"The most MB in use until the first answer. The target is at most {MEMORY} times an empty handler."
    yield ""
    yield _row(("Function", "Empty", "Plain", "Ours", "Ours / empty", f"Within {MEMORY}"))
    yield _row(["---"] * 6)
    for function in _functions(record):
        empty, plain, ours = (record.start(function, kind).memory for kind in (EMPTY, PLAIN, OURS))
        ratio = ours.median / empty.median
        cells = [f"{each.median:.0f}" for each in (empty, plain, ours)]
        yield _row((function, *cells, f"{ratio:.2f}", _yes(ratio <= MEMORY)))
    yield ""


def _loaded(record: Record) -> Iterator[str]:
    yield "## Loaded at the start"
    yield ""
    yield "Counted until the clients for the first request are made. Each check holds both figures below ceilings"
    yield "([test_started.py](../tests/integration/artefacts/test_started.py))."
    yield ""
    yield _row(("Function", "Modules", "Files opened"))
    yield _row(["---"] * 3)
    for function, (modules, opened) in sorted(record.loaded.items()):
        yield _row((function, str(modules), str(opened)))


def _functions(record: Record) -> list[str]:
    return sorted({each.function for each in record.starts})


def _figure(figure: Figure, digits: int = 0) -> str:
    return f"{figure.median:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def _yes(held: bool) -> str:
    return "yes" if held else "**no**"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
