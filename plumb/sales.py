"""Sales, completion, refunds and credits by day, from what is kept: purchases and the ledger. In UTC.

Money is what was captured, in minor units by currency: never added across currencies. Memory grows with the days and
with the invoices in the table, not with the accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from billing.domain.ledger import Entry
from billing.domain.purchase import Purchase, PurchaseState


@dataclass
class Day:
    """One day."""

    checkouts: int = 0
    """Sessions that were opened on it."""
    completed: int = 0
    """Those of them that were paid, whenever that was."""
    sales: Counter[str] = field(default_factory=Counter)
    """Payments that came in on it, by currency: renewals too."""
    captured: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)
    """Credits by kind of ledger entry, signed."""

    @property
    def completion(self) -> float | None:
        """Completed of the checkouts that were opened; None when none was."""
        return round(self.completed / self.checkouts, 4) if self.checkouts else None

    def document(self, day: date) -> dict[str, Any]:
        """As JSON."""
        return {
            "day": day.isoformat(),
            "checkouts": self.checkouts,
            "completed": self.completed,
            "completion_rate": self.completion,
            "payments": dict(sorted(self.sales.items())),
            "captured": dict(sorted(self.captured.items())),
            "refunded": dict(sorted(self.refunded.items())),
            "credits": dict(sorted(self.credits.items())),
        }


class Report:
    """Adds up purchases and entries between two moments."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self._since, self._until = since, until
        self._invoices: set[str] = set()
        self.days: dict[date, Day] = {}

    def add_purchases(self, purchases: Iterable[Purchase]) -> None:
        """Count checkouts, payments and refunds. The lines of an invoice share its payment: it counts once."""
        for purchase in purchases:
            of_session = purchase.source == purchase.key
            if of_session and (day := self._day(purchase.created_at)):
                day.checkouts += 1
                day.completed += purchase.state is PurchaseState.PAID
            if purchase.payment is None or (not of_session and not self._first(purchase.source)):
                continue
            payment = purchase.payment
            if day := self._day(payment.paid_at):
                day.sales[payment.currency] += 1
                day.captured[payment.currency] += payment.captured
            for refund in payment.refunds:
                if refund.status == "succeeded" and (day := self._day(refund.created)):
                    day.refunded[payment.currency] += refund.amount

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Count credits by kind."""
        for entry in entries:
            if entry.amount and (day := self._day(entry.at)):
                day.credits[entry.kind] += entry.amount

    def _day(self, moment: datetime) -> Day | None:
        if not self._since <= moment < self._until:
            return None
        return self.days.setdefault(moment.date(), Day())

    def _first(self, invoice: str) -> bool:
        if invoice in self._invoices:
            return False
        self._invoices.add(invoice)
        return True
