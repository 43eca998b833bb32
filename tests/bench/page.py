"""docs/cost.md, made of what was counted, of prices, and of the processor time in docs/bench.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench.cost import PARTS, Usd, total
from tests.bench.counted import IN_A_BATCH, NOTHING_NEW, ONE_BY_ONE, Step
from tests.bench.deployed import memory_mb
from tests.bench.month import month
from tests.bench.prices import A_BATCH, AS_OF, MILLION, PRICES, TAKES, WHOLE_CORE
from tests.bench.reckoned import compared
from tests.bench.record import Record
from tests.bench.units import IN_A_TRANSACTION, WRITE

PAGE = Path(__file__).resolve().parents[2] / "docs/cost.md"
_SERVICES = ("DynamoDB", "Stripe", "Redis", "SQS")
_OF_MEMORY = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"
_HEAD = """\
# What a purchase and its events ask for, and cost

Written by `make cost`, which plays purchases on the local system, counts every HTTP request that leaves a function as a
proxy sees it, and puts the counts into [cost.json](cost.json). Each check counts again, and fails if the counts differ.
USD are worked out from the counts, from bytes of logs and from measured times; no check holds the last two, and
`make bench` rewrites the USD as well. The functions are warm: the first request of a process also reads its secrets,
with one request to Secrets Manager for each.

Units are DynamoDB's, counted by its rules from the items before and after each write, including the two
indexes: a write unit for each kilobyte, two in a transaction; a read unit for each 4 KB
([item sizes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html),
[transactions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html)).
The pack is 500 credits, paid once; the plan is a first subscription. Both are paid by card, by somebody new.

"""


def rendered(steps: Sequence[Step], record: Record) -> str:
    """The page."""
    named = {step.name: step for step in steps}
    priced = (*_events(named, record), *_purchases(named, record), *month(named, record), *_prices(record))
    return _HEAD + "\n".join([*_table(steps), *_target(named), *priced])


def _table(steps: Sequence[Step]) -> list[str]:
    head = ("Step", "Invocations", "Events", *(f"{name} requests" for name in _SERVICES), "Redis commands")
    head = (*head, "Read units", "Write units", "Domain events", "Log bytes")
    lines = ["## What is asked", "", _row(head), _row(["---"] * len(head))]
    for step in steps:
        http = [str(step.http.get(name, 0)) for name in _SERVICES]
        figures = (str(step.invocations), str(step.events), *http, str(step.commands))
        units = (f"{step.read_units:g}", str(step.write_units), str(step.told))
        lines.append(_row((step.name, *figures, *units, f"{step.logged:,}")))
    return [*lines, ""]


def _target(steps: Mapping[str, Step]) -> Iterator[str]:
    """The target of docs/design/performance.md for a group that changes nothing, and what it is missed by."""
    yield "By the [design](design/performance.md), n events that together change nothing write 2n + 2 units at most:"
    yield "a mark for each event, and the account, each below a kilobyte, in one transaction, which doubles them."
    yield ""
    for kind in ("pack", "plan"):
        step = steps[f"{kind}: {NOTHING_NEW}"]
        least = IN_A_TRANSACTION * (step.events + 1)
        said = f"- A {kind}'s {step.events} events may write {least}, and write {step.write_units}"
        over = step.largest - WRITE
        if step.write_units <= least:
            yield f"{said}: met."
        else:
            yield f"{said}: **missed by {step.write_units - least}**. The account then has {step.largest:,} bytes,"
            yield f"  {over} above a kilobyte, so it takes a second unit, doubled."
    yield ""


def _events(steps: Mapping[str, Step], record: Record) -> Iterator[str]:
    yield "## USD for a million events"
    yield ""
    yield "From the webhook to the consumer's mark. A batch holds the events of one buyer."
    yield ""
    yield _row(("Events", *PARTS, "All"))
    yield _row(["---"] * (len(PARTS) + 2))
    for kind, ways in (("plan", (NOTHING_NEW, IN_A_BATCH, ONE_BY_ONE)), ("pack", (NOTHING_NEW, ONE_BY_ONE))):
        for way in ways:
            consumed = steps[f"{kind}: {way}"]
            both = (steps[f"{kind}: webhooks"], consumed)
            yield _priced(consumed.name, total(both, record, MILLION / consumed.events))
    yield ""
    yield from compared(steps, record)


def _purchases(steps: Mapping[str, Step], record: Record) -> Iterator[str]:
    yield "## USD for a thousand purchases"
    yield ""
    yield "With the checkout and all events. In the last row of each kind the buyer never returns, and no events meet."
    yield ""
    yield _row(("Purchase", *PARTS, "All", "Write units of one", "Stripe requests of one"))
    yield _row(["---"] * (len(PARTS) + 4))
    for kind in ("pack", "plan"):
        for names in (
            ("checkout", "the buyer returns", "webhooks", NOTHING_NEW),
            ("checkout", "webhooks", IN_A_BATCH),
            ("checkout", "webhooks", ONE_BY_ONE),
        ):
            all_ = [steps[f"{kind}: {name}"] for name in names]
            written = sum(step.write_units for step in all_)
            asked = sum(step.http.get("Stripe", 0) for step in all_)
            priced = _priced(all_[-1].name, total(all_, record, 1000), 3)
            yield f"{priced} {written} | {asked} |"
    yield ""
    yield "Stripe's own fees are not included. For a million, spends cost " + ", ".join(_dear(steps, record)) + "."
    yield ""


def _dear(steps: Mapping[str, Step], record: Record) -> Iterator[str]:
    spent = total([steps["spend"]], record, MILLION)
    read = total([steps["account, read"]], record, MILLION)
    yield f"{sum(spent.values()):.2f} USD, reads of the account {sum(read.values()):.2f} USD"


def _prices(record: Record) -> Iterator[str]:
    yield "## Prices"
    yield ""
    yield f"USD in us-east-1, as of {AS_OF}, without free tiers or volume discounts."
    yield ""
    yield _row(("What", "USD", "for", "Source"))
    yield _row(["---"] * 4)
    for price in PRICES:
        yield _row((price.what, _plainly(price.usd), price.per, f"<{price.source}>"))
    waits = ", ".join(f"{seconds * 1000:.0f} ms for {service}" for service, seconds in TAKES.items())
    yield ""
    yield "Lambda's seconds are the processor time of a second request ([bench.json](bench.json), commit"
    yield f"`{record.commit[:12]}`), {WHOLE_CORE / memory_mb():.2f} times as long as on a whole core: a function has"
    yield f"{memory_mb():,} MB, and [{WHOLE_CORE:,} would be one]({_OF_MEMORY});"
    yield f"and the assumed waits, one call after the other: {waits}."
    yield f"Lambda makes {A_BATCH} requests to the queue for each batch."
    yield ""


def _plainly(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")


def _priced(name: str, usd: Usd, digits: int = 2) -> str:
    return _row((name, *(f"{usd[part]:.{digits}f}" for part in PARTS), f"{sum(usd.values()):.{digits}f}"))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
