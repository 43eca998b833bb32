"""Results on standard output, as tables for people or JSON for programs; progress and remarks on standard error."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from billing.domain.ids import iso_seconds

_DECIMALS = {
    **dict.fromkeys(
        ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"], 0
    ),
    **dict.fromkeys(["bhd", "jod", "kwd", "omr", "tnd"], 3),
}
"""How many decimals the API's amounts have in a currency, where it is not two: Stripe's lists, not ISO 4217's.

https://docs.stripe.com/currencies#zero-decimal, https://docs.stripe.com/currencies#three-decimal
"""
_ANY_WIDTH = 10_000
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


class Output:
    """One place decides between people and programs, so that no table ever stands in the way of a program."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False, markup=False, soft_wrap=True, width=_ANY_WIDTH)
        self._err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def document(self, document: object) -> None:
        """The one JSON document of a command."""
        if self.as_json:
            self._out.print(json.dumps(document, indent=2, default=_plain, ensure_ascii=False))

    def line(self, document: object) -> None:
        """One line of a stream of JSON documents."""
        if self.as_json:
            self._out.print(json.dumps(document, default=_plain, ensure_ascii=False))

    def say(self, text: str = "", style: str | None = None) -> None:
        """A line for people, on standard output."""
        if not self.as_json:
            self._out.print(Text(text, style=_STYLES.get(style or "", style or "")))

    def marked(self, mark: str, text: str) -> None:
        """A line that begins with a coloured word."""
        if not self.as_json:
            self._out.print(Text.assemble((f"{mark:<5}", _STYLES.get(mark, "bold")), " ", text))

    def note(self, text: str) -> None:
        """A remark on standard error: people see it, programs do not read it."""
        self._err.print(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
        """A table for people. A column whose name begins with `>` is set to the right: numbers.

        It is as wide as what it holds, whatever the terminal's width: an id that is broken over lines can't be copied.
        """
        if self.as_json:
            return
        if title:
            self.say()
            self.say(title, "bold")
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        with self._out.capture() as drawn:
            self._out.print(table, soft_wrap=False)
        for line in drawn.get().splitlines():  # without the spaces that fill each line
            self._out.out(line.rstrip(), highlight=False)

    def facts(self, facts: Mapping[str, object], title: str | None = None) -> None:
        """Names and values, one a line, for people."""
        if self.as_json:
            return
        if title:
            self.say(title, "bold")
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            self.say(f"  {name:<{width}}  {_cell(value)}")

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Progress]:
        """A bar on standard error while something long runs; silent where nobody looks at one."""
        shown = self._err.is_terminal and not self.as_json
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self._err, disable=not shown, transient=True) as bar:
            bar.add_task(what, total=total)
            yield bar


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def moment(value: datetime | None) -> str | None:
    """A time as the API writes it."""
    return None if value is None else iso_seconds(value)


def money(amount: int, currency: str) -> str:
    """An amount in minor units, for people: `12.00 usd`."""
    decimals = _DECIMALS.get(currency, 2)
    return f"{Decimal(amount).scaleb(-decimals):.{decimals}f} {currency}"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON for a {type(value).__name__}")
