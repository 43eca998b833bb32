"""docs/cost.md, made of what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.counted import Step

PAGE = Path(__file__).resolve().parents[2] / "docs/cost.md"
_SERVICES = ("DynamoDB", "Stripe", "Redis", "SQS")
_HEAD = """\
# What a purchase and its events ask for, and cost

Made by `make cost`, which plays purchases on the local system and counts every HTTP request that leaves a function, as
a proxy sees it; each check counts again, and fails when this page is not what it found. The functions are warm: the
first request of a process reads its secrets besides, with one request to Secrets Manager for each.

Units are DynamoDB's, counted by its rules from the items as they were before and after each write, the two indexes
included: a write unit for each kilobyte, twice in a transaction; a read unit for each 4 KB
([item sizes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html),
[transactions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html)).
The pack is 500 credits, paid once; the plan is a first subscription. Both are paid by card, by somebody new.

"""


def rendered(steps: Sequence[Step]) -> str:
    """The page."""
    return _HEAD + "\n".join(_table(steps))


def _table(steps: Sequence[Step]) -> list[str]:
    head = ("Step", "Invocations", "Events", *(f"{name} requests" for name in _SERVICES), "Redis commands")
    head = (*head, "Read units", "Write units")
    lines = ["## What is asked", "", _row(head), _row(["---"] * len(head))]
    for step in steps:
        http = [str(step.http.get(name, 0)) for name in _SERVICES]
        figures = (str(step.invocations), str(step.events), *http, str(step.commands))
        lines.append(_row((step.name, *figures, f"{step.read_units:g}", str(step.write_units))))
    return [*lines, ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
