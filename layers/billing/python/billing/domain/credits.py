"""Lots of prepaid credits: one for each grant, each a set of targets that commute (money rules 16 to 18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.ids import PurchaseKey


@dataclass(frozen=True, slots=True)
class Lot:
    """The credits of one line of one purchase. `left` may be negative: spent, then refunded."""

    purchase: PurchaseKey
    line: int
    granted: int
    granted_at: datetime
    expires_at: datetime | None = None
    reversed: int = 0
    used: int = 0
    expired: int = 0

    @property
    def left(self) -> int:
        """What this lot adds to the balance."""
        return self.granted - self.reversed - self.used - self.expired

    def settled_at(self, now: datetime) -> Lot:
        """Recompute what has expired by `now`.

        `expired` is a target like the others, so a refund that fails after the expiry, or one that arrives before the
        grant is seen, ends at the same figures as any other order would.
        """
        over = self.expires_at is not None and now >= self.expires_at
        return replace(self, expired=max(0, self.granted - self.reversed - self.used) if over else 0)


def balance_of(lots: Iterable[Lot]) -> int:
    """The balance, in credits: what is left over all lots."""
    return sum(lot.left for lot in lots)


def reverse_lots(lots: Sequence[Lot], reversed_amount: int, captured: int) -> list[Lot]:
    """Set the reversal targets of one purchase's lots: the same share of all that the money had bought.

    Rounded once, on the running total, so that the targets of the lots add up to `floor(granted * reversed / captured)`
    of the whole purchase, however many lines it has (money rule 18). Nothing captured: nothing to reverse.
    """
    done: list[Lot] = []
    granted = before = 0
    for lot in lots:
        granted += lot.granted
        upto = granted * min(reversed_amount, captured) // captured if captured else 0
        done.append(replace(lot, reversed=upto - before))
        before = upto
    return done
