"""`plumb report`: sales, completion, refunds and credits by day."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import click
from rich.progress import Progress

from billing.adapters.dynamodb.items import from_item, purchase_key
from billing.domain.ids import PurchaseKey
from billing.domain.ledger import Entry
from billing.domain.purchase import Purchase
from plumb.cli import OK, operator_command
from plumb.invocation import Invocation
from plumb.output import money
from plumb.sales import Day, Report
from plumb.scan import items
from plumb.world import World

_BAR = 40


@operator_command("report")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660), help="The last so many days.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV: a line for each day and currency.")
@click.option("--chart", is_flag=True, help="A bar for each day's payments.")
def command(invocation: Invocation, days: int, as_csv: bool, chart: bool) -> int:
    """Add up sales, the completion rate of checkouts, refunds and credits, by day in UTC.

    From what is kept here, the purchases and the ledger, and not from Stripe. It reads both tables once, which costs
    their size in read units: not for a dashboard.

    \b
    Examples:
      plumb report --days 7
      plumb report --stage prod --days 90 --csv > sales.csv
      plumb report --chart
    """
    world, out = invocation.world, invocation.out
    today = world.clock.now().date()
    first = today - timedelta(days=days - 1)
    report = Report(_midnight(first), _midnight(today + timedelta(days=1)))
    with out.progress("reading") as bar:
        report.add_purchases(_seen(_purchases(world), bar))
        report.add_entries(_seen(_entries(world), bar))
    shown = [(day, report.days[day]) for day in sorted(report.days)]
    if out.as_json:
        out.document(
            {"since": first.isoformat(), "until": today.isoformat(), "days": [d.document(n) for n, d in shown]}
        )
    elif as_csv:
        out.say(_csv(shown).rstrip("\n"))
    elif chart:
        _chart(invocation, shown)
    else:
        columns = ("day", ">checkouts", ">completed", ">rate", ">payments", ">captured", ">refunded", "credits")
        out.table(columns, (_row(day, figures) for day, figures in shown))
    return OK


def _purchases(world: World) -> Iterator[Purchase]:
    for item in items(world.dynamodb, world.settings.tables.accounts, purchase_key(PurchaseKey(""))):
        yield from_item(Purchase, item)


def _entries(world: World) -> Iterator[Entry]:
    pages = world.dynamodb.get_paginator("scan").paginate(TableName=world.settings.tables.ledger, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            yield from_item(Entry, item)


def _seen[T](things: Iterator[T], bar: Progress) -> Iterator[T]:
    for thing in things:
        yield thing
        bar.advance(bar.task_ids[0])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _row(day: date, figures: Day) -> tuple[object, ...]:
    rate = "-" if figures.completion is None else f"{figures.completion:.0%}"
    sums = (
        ", ".join(money(n, code) for code, n in sorted(sums.items())) for sums in (figures.captured, figures.refunded)
    )
    credits = ", ".join(f"{kind} {amount:+}" for kind, amount in sorted(figures.credits.items()))
    return (day, figures.checkouts, figures.completed, rate, figures.sales.total(), *sums, credits)


def _csv(shown: list[tuple[date, Day]]) -> str:
    """A line for each day and currency; what has no currency stands on the day's first line only, so columns add up."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kinds = sorted({kind for _, figures in shown for kind in figures.credits})
    heading = ["day", "currency", "payments", "captured", "refunded", "checkouts", "completed"]
    writer.writerow([*heading, *(f"credits_{kind.lower()}" for kind in kinds)])
    for day, figures in shown:
        for index, code in enumerate(sorted(figures.sales.keys() | figures.refunded.keys()) or [""]):
            of_day = [figures.checkouts, figures.completed, *(figures.credits[kind] for kind in kinds)]
            of_day = of_day if index == 0 else [0] * len(of_day)
            writer.writerow([day, code, figures.sales[code], figures.captured[code], figures.refunded[code], *of_day])
    return text.getvalue()


def _chart(invocation: Invocation, shown: list[tuple[date, Day]]) -> None:
    most = max((figures.sales.total() for _, figures in shown), default=0)
    for day, figures in shown:
        payments = figures.sales.total()
        width = round(_BAR * payments / most) if most else 0
        sums = ", ".join(money(n, code) for code, n in sorted(figures.captured.items()))
        invocation.out.say(f"{day}  {'█' * width:<{_BAR}} {payments:>6}  {sums}".rstrip())
