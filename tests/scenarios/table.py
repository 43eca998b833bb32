"""The shape of the scenario table: what happens in Stripe, and the account and ledger that it must come to.

The rows stand in `rows/`, a file for each subject. Every row is played four times, each time by a user of its own; the
four ways differ in how Stripe's events arrive (`manner.py`), and never in what the account is at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.play import Play

TODAY = "2026-10-28.endive"
THIN = "thin"
PARTNER_BUS = "partner event bus"
OLD_VERSIONS = ("2024-06-20", "2020-08-27")

Ledger = tuple[tuple[str, int], ...]
"""(kind, amount) of each entry, sorted: the order in which entries are written may differ."""

ROWS_AT_LEAST = 60

BULLETS = {
    "modes": "payment and subscription mode; one price or several lines; a quantity",
    "settings": "promotion codes, tax, trial days, addresses, receipts as settings; embedded pages, locale, currency",
    "naming": "a price by its id, lookup key, plan or level; what is refused or ambiguous",
    "sessions": "order, claim, customer, reuse and expiry of sessions; adoption of a customer; metadata never trusted",
    "one live subscription": "a second one in a plan group is refused; plan changes by the portal or by our API",
    "statuses": "all statuses of a subscription, the access policy",
    "trial": "trials",
    "pause": "pause and resume",
    "cancel": "cancellation, at the period's end and at once",
    "plan change": "upgrade, downgrade, quantity, several items, a price that is not in the catalog",
    "past due": "past_due and its grace",
    "renewal": "renewal credits by invoice line",
    "several subscriptions": "all of a user's customers, and more than a page of subscriptions",
    "payments": "paid, free, asynchronous success and failure, expired session",
    "refunds": "full, several partial, pending then failed, made in the dashboard",
    "disputes": "inquiry, opened, won, lost, with a refund beside it, in another currency",
    "customers": "a customer deleted, several of one user, unknown ones, foreign payments",
    "shapes": "payload shapes from before and after 2025-03-31, thin events, the EventBridge envelope",
    "ledger kinds": "purchase, renewal, refund, dispute, spend, expiry, adjustment and their reversals; access entries",
    "lots": "lots, which expires first, expiry by schedule and at read",
    "spending": "spends, with idempotency keys",
    "reservations": "reservations, captured, released, expired",
    "grants": "grants by hand and in bulk",
    "reading": "account, entitlements, credits, transactions and catalog as they are read",
}
"""What a row can be about: Checkout, Converging and Credits of the product, point by point."""


@dataclass(frozen=True)
class Row:
    """A story for Stripe, and what is in the account when all of it is known. `level` is what the user may use."""

    name: str
    bullet: str
    story: Callable[[Play], None]
    level: str
    balance: int
    ledger: Ledger
    """In the order in which Stripe tells it, event by event."""
    subscriptions: tuple[tuple[str, str | None], ...] = ()
    """(status, plan) of each that has not ended, sorted."""
    outcomes: frozenset[str] = frozenset({"APPLIED", "NOOP"})
    """What may become of its events."""
    time: bool = False
    """Whether days pass in it: then it is played where a test clock moves."""
    every_setting: bool = False
    """Whether it is sold with every setting on (trial, tax, address, receipt): a system of its own, where days pass."""
    at_once: Ledger | None = None
    """The ledger when the whole story is seen in one look, if that is another: what came and went leaves no entry."""
    door: str = TODAY
    """How its events come in: an API version, THIN or PARTNER_BUS."""

    @property
    def slug(self) -> str:
        """Its name as a part of a user's id."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.name.lower()).split())


def all_rows() -> tuple[Row, ...]:
    """Every row of every file in `rows/`."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    for path in sorted((Path(__file__).parent / "rows").glob("*.py")):
        yield from import_module(f"tests.scenarios.rows.{path.stem}").ROWS
