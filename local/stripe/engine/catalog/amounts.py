"""What a discount and a tax make of the amounts of several lines. Pure arithmetic in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Amounts:
    """One line: what it costs, what is taken off, what tax is in it or comes on top."""

    subtotal: int
    discount: int = 0
    tax: int = 0
    inclusive: bool = False

    @property
    def total(self) -> int:
        """What is paid."""
        return self.subtotal - self.discount + (0 if self.inclusive else self.tax)

    @property
    def taxable(self) -> int:
        """What the tax is reckoned on: after the discount, without the tax itself.

        https://docs.stripe.com/billing/subscriptions/coupons#coupons-and-taxes
        """
        return self.subtotal - self.discount - (self.tax if self.inclusive else 0)


def percent_of(amount: int, percent: Decimal) -> int:
    """So many percent, rounded half up to a whole minor unit."""
    return int((amount * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_off(subtotals: Sequence[int], percent: float) -> list[int]:
    """Take a percentage off each line."""
    return [percent_of(max(0, subtotal), Decimal(str(percent))) for subtotal in subtotals]


def amount_off(subtotals: Sequence[int], amount: int) -> list[int]:
    """Spread an amount over the lines in proportion to what they cost, at most all of it; the cents add up."""
    weights = [max(0, subtotal) for subtotal in subtotals]
    whole = sum(weights)
    left = min(amount, whole)
    shares = []
    for weight in weights:
        share = 0 if whole == 0 else int((Decimal(left) * weight / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        shares.append(share)
        left, whole = left - share, whole - weight
    return shares


def with_tax(subtotal: int, discount: int, percent: Decimal, *, inclusive: bool) -> Amounts:
    """Add the tax to a line, or find the tax that is in it."""
    after = subtotal - discount
    if not inclusive:
        return Amounts(subtotal, discount, percent_of(after, percent), inclusive=False)
    net = int((after * 100 / (100 + percent)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return Amounts(subtotal, discount, after - net, inclusive=True)
