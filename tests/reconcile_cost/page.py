"""docs/reconcile-cost.md, made of what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.reconcile_cost.counted import A_RUN, EVERY, Cost
from tests.reconcile_cost.services import A_MESSAGE, A_PAGE, A_READ
from tests.reconcile_cost.shop import DOUBTFUL

PAGE = Path(__file__).resolve().parents[2] / "docs/reconcile-cost.md"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
_RUN = f"{A_RUN.total_seconds():.0f} s"
_HEAD = f"""\
# What reading Stripe's lists costs

Written by `make reconcile-cost`, which counts: only the shop, and the time that a call takes, are assumed. The function
`catch_up` reads Stripe's events every hour, the lists of its objects once a day, and sessions every six hours
([0031](decisions/0031-events-that-never-came.md), [0033](decisions/0033-a-look-at-every-kind-of-object.md)). Here
its real services and adapters read the model of a shop: each account has one plan that renews monthly, and buys a pack
every third month; 1 % of payments are refunded, 0.1 % disputed; a renewal makes 8 events that are handled, a pack 6.
One object in {DOUBTFUL:,} is not as stored, and one event in {DOUBTFUL:,} was never delivered: a message each.

Units are DynamoDB's: a consistent read of up to 4 KB, a write of up to 1 KB, two in a transaction. Seconds are those
of the calls, one after the other, if Stripe answers a page in {A_PAGE:g} s, DynamoDB in {A_READ:g} s and SQS in
{A_MESSAGE:g} s. A run is an invocation, of {_RUN} at most. One for objects begins every quarter of an hour, one for
events every hour, and each goes on where the previous one stopped. A job asks Stripe for one page after another, so at
most {1 / A_PAGE:g} times a second; Stripe allows 25 in a sandbox and 100 in live mode (https://docs.stripe.com/rate-limits).

What is looked at grows as the shop does, and no faster. A million accounts take 72 of the 96 runs that a day has for
objects; from about a million and a third on, a pass takes longer than a day, and the next one begins when it has ended.

`make reconcile-cost` counts again; `make reconcile-cost SIZES="1000 5000"` prints other sizes and writes nothing. Every
check counts the smallest size on this page.
"""


def rendered(costs: Sequence[Cost]) -> str:
    """The page for these sizes."""
    sizes = dict.fromkeys(cost.accounts for cost in costs)
    return "\n".join([_HEAD, *(table([cost for cost in costs if cost.accounts == accounts]) for accounts in sizes)])


def table(costs: Sequence[Cost]) -> str:
    """One size: a pass over each list, and what all passes of a day come to."""
    rows = [
        f"## {costs[0].accounts:,} accounts",
        "",
        "| List | Passes a day | Objects | Requests to Stripe | Read units | Write units | Messages | Seconds | Runs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [f"| {cost.list} | {EVERY[cost.list]} | {_figures(cost)} |" for cost in costs]
    day = [
        sum(getattr(cost, name) * EVERY[cost.list] for cost in costs)
        for name in ("objects", "requests", "read_units", "write_units", "messages", "seconds", "runs")
    ]
    return "\n".join([*rows, f"| **a day** | | {' | '.join(f'{figure:,}' for figure in day)} |", ""])


def _figures(cost: Cost) -> str:
    figures = (cost.objects, cost.requests, cost.read_units, cost.write_units, cost.messages, cost.seconds, cost.runs)
    return " | ".join(f"{figure:,}" for figure in figures)
