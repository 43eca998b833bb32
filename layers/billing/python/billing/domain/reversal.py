"""What a purchase's refunds and disputes take back of its credits, as a difference of targets."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.credits import Lot, balance_of, reverse_lots
from billing.domain.ledger import Change, Kind
from billing.domain.purchase import Purchase
from billing.domain.registers import refunded, taken_back
from billing.domain.snapshot import Payment


def reverse(before: Purchase | None, after: Purchase, lots: Sequence[Lot]) -> tuple[list[Lot], list[Change]]:
    """Bring the reversal of a purchase's lots to what its registers say now.

    The change is one entry for the whole purchase, named by what moved: a refund that grew, a refund that fell back, a
    dispute that took, a dispute that was given back.
    """
    if after.payment is None or not lots:
        return list(lots), []
    targets = reverse_lots(lots, taken_back(after.payment), after.payment.captured)
    amount = balance_of(targets) - balance_of(lots)
    if amount == 0:
        return targets, []
    kind, reason = _named(before.payment if before else None, after.payment, amount)
    return targets, [Change(kind, amount, after.source, reason)]


def _named(known: Payment | None, now: Payment, amount: int) -> tuple[Kind, str]:
    refund_moved = refunded(now) - (refunded(known) if known else 0)
    if amount < 0:
        return (Kind.REFUND, "payment refunded") if refund_moved > 0 else (Kind.DISPUTE, "payment disputed")
    return (Kind.REFUND_FAILED, "refund failed") if refund_moved < 0 else (Kind.DISPUTE_WON, "dispute won")
