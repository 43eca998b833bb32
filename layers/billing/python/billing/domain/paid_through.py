"""How far the items of a subscription are paid, each by its own lines (money rule 21).

An item is known by Stripe's id, which it keeps when its price is switched. By their prices alone the lines of two items
that have changed places could not be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.snapshot import Invoice, InvoiceLine, SubscriptionItem


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A time that is paid for. Of two of one item the one that begins later counts: whoever switches from the year to
    the month is credited for the rest of the year.
    """

    start: datetime
    end: datetime

    def up_to(self, trial_end: datetime | None) -> Period:
        """The same, up to the end of a trial within, when a period begins anew: the trial has ended before its time, or
        has begun later than this (https://docs.stripe.com/billing/subscriptions/trials).
        """
        if trial_end is None or trial_end <= self.start:
            return self
        return replace(self, end=min(self.end, trial_end))


def covers_a_period(invoice: Invoice) -> bool:
    """Whether it pays for a period of any item."""
    return bool(_covering(invoice))


def paid_periods(invoices: Iterable[Invoice], trial_end: datetime | None = None) -> dict[str, Period]:
    """By item, the last period that these invoices of a subscription pay for."""
    paid: dict[str, Period] = {}
    for line in (line for invoice in invoices for line in _covering(invoice)):
        if line.item is not None:
            period = Period(line.period_start, line.period_end).up_to(trial_end)
            paid[line.item] = max(period, paid.get(line.item, period))
    return paid


def _covering(invoice: Invoice) -> list[InvoiceLine]:
    """The lines of a paid invoice that pay for a period: those of an item, but for prorations.

    On the first invoice of all nothing has been changed yet: what is prorated there is the first period, up to a day of
    billing that somebody has chosen (https://docs.stripe.com/billing/subscriptions/billing-cycle).
    """
    if invoice.status != "paid":
        return []
    first = invoice.billing_reason == "subscription_create"
    return [line for line in invoice.lines if line.of_subscription and (first or not line.proration)]


def paid_through(
    speaking: SubscriptionItem, invoices: Iterable[Invoice], paid: Mapping[str, Period], remembered: datetime | None
) -> datetime | None:
    """How far a subscription is paid, of which this item speaks: as far as that one. While nothing has been paid for it
    but prorations, as far as the others, which may be gone by now, or as is remembered, within the period in which it
    was added (docs/decisions/0024).
    """
    if (own := paid.get(speaking.id)) is not None:
        return own.end
    lent = [period.end for period in paid.values()] + ([] if remembered is None else [remembered])
    return min(max(lent), _first_end(speaking, invoices)) if lent else None


def _first_end(item: SubscriptionItem, invoices: Iterable[Invoice]) -> datetime:
    """When the period ends, or has ended, in which an item was added: its first proration tells. Without one that is
    paid it is the present period, or an earlier one: the next begins before its renewal is paid.
    """
    lines = [line for invoice in invoices if invoice.status == "paid" for line in invoice.lines]
    ends = [line.period_end for line in lines if line.item == item.id]
    return min([*ends, item.period_start if item.created < item.period_start else item.period_end])
