"""How much of a billed amount belongs to a part of its time, as Stripe prorates: by the second, rounded once.

In flexible billing mode, the only one here, a credit takes back what was *billed*, not what the item costs now: each
debit that covers the time from the change on is credited by itself.
https://docs.stripe.com/billing/subscriptions/prorations#credit-prorations and
https://docs.stripe.com/billing/subscriptions/billing-mode/compare#credit-proration-calculations
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Debit:
    """What was billed for an item, for the time from `start` to `end`."""

    amount: int
    """In minor units, after discounts."""
    start: int
    end: int
    price: str
    quantity: int
    invoice_item: str | None = None
    """Set while it waits for an invoice, and kept afterwards."""
    invoice: str | None = None
    line: str | None = None
    until: int | None = None
    """From here on it has been credited already; None: nothing has."""

    @property
    def covers_until(self) -> int:
        return self.end if self.until is None else self.until


@dataclass(frozen=True)
class Credit:
    """A part of a debit that is taken back."""

    debit: Debit
    amount: int
    """Negative, or 0."""
    start: int
    end: int


def share(amount: Decimal | int, part: int, whole: int) -> int:
    """The share of `part` seconds of `whole`, rounded half away from zero as Stripe rounds amounts."""
    exact = Decimal(amount) * part / whole
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def credits_from(debits: Iterable[Debit], moment: int) -> list[Credit]:
    """Take back what the debits billed for the time from a moment on, each by itself, oldest first."""
    found = []
    for debit in sorted(debits, key=lambda each: (each.start, each.end)):
        begin, end = max(moment, debit.start), debit.covers_until
        if begin < end:
            amount = -share(debit.amount, end - begin, debit.end - debit.start)
            found.append(Credit(debit, amount, begin, end))
    return found


def after_credit(debits: Iterable[Debit], moment: int) -> list[Debit]:
    """What is left of the debits once everything from a moment on has been taken back."""
    return [
        replace(debit, until=min(debit.covers_until, moment))
        for debit in debits
        if min(debit.covers_until, moment) > debit.start
    ]
