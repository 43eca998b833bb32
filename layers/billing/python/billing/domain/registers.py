"""The registers of a payment: its refunds and disputes, each by id, and how much of it they take back.

Registers hold what was last read of each refund and dispute, never a running sum of changes. So the amount that is
reversed is a function of their content, and duplicates, disorder and failures all end at the same figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.domain.hints import at
from billing.domain.snapshot import Dispute, Payment, Refund

_REFUND_RANK = {"requires_action": 0, "pending": 0, "succeeded": 1, "failed": 2, "canceled": 2}
_CAME_BACK = frozenset({"failed", "canceled"})  # in every other status, also in an unheard-of one, the money is gone
_LEFT_ALONE = frozenset({"warning_needs_response", "warning_under_review", "warning_closed", "won", "prevented"})
"""Inquiries (`warning_…`) move no money, nor does a dispute that was won or prevented. In every other status the bank
has it, also while what was lost is appealed, and in one that nobody has heard of yet: what holds nothing gives away
(https://docs.stripe.com/api/disputes/object#dispute_object-status, https://docs.stripe.com/disputes/arbitration)."""


def merged(known: Payment | None, read: Payment | None) -> Payment | None:
    """The registers after reading the payment once more. What is final stays: `failed` outranks `succeeded`."""
    if known is None or read is None:
        return read or known
    refunds = {refund.id: refund for refund in known.refunds}
    for refund in read.refunds:
        old = refunds.get(refund.id)
        if old is None or _REFUND_RANK.get(refund.status, 0) >= _REFUND_RANK.get(old.status, 0):
            refunds[refund.id] = refund
    disputes = {dispute.id: dispute for dispute in (*known.disputes, *read.disputes)}
    return replace(
        read,
        refunds=tuple(refunds[key] for key in sorted(refunds)),
        disputes=tuple(disputes[key] for key in sorted(disputes)),
        card=read.card or known.card,
    )


def refunded(payment: Payment) -> int:
    """What refunds take back, in the charge's currency. A pending one counts: the money is on its way out."""
    return min(payment.captured, sum(refund.amount for refund in payment.refunds if refund.status not in _CAME_BACK))


def disputed(payment: Payment) -> int:
    """What disputes hold, in the charge's currency; one in another currency counts as the full charge (rule 18)."""
    return min(payment.captured, sum(_held_amount(item, payment) for item in payment.disputes if _holds(item)))


def taken_back(payment: Payment) -> int:
    """What refunds and disputes take back together: never more than was captured."""
    return min(payment.captured, refunded(payment) + disputed(payment))


def fully_reversed_at(payment: Payment) -> datetime | None:
    """When the payment was taken back in full, by Stripe's times; None while a part of it stands."""
    steps: Iterable[tuple[datetime, str, int]] = (
        *((item.created, item.id, item.amount) for item in payment.refunds if item.status not in _CAME_BACK),
        *((item.created, item.id, _held_amount(item, payment)) for item in payment.disputes if _holds(item)),
    )
    total = 0
    for created, _, amount in sorted(steps):
        total += amount
        if total >= payment.captured:
            return created
    return None


def statuses(payment: Payment | None) -> dict[str, str]:
    """The status of each refund and dispute by its id: what a later look at Stripe's lists is compared with."""
    rows: tuple[Refund | Dispute, ...] = (*payment.refunds, *payment.disputes) if payment else ()
    return {row.id: row.status for row in rows}


def status_of_dispute(dispute: Mapping[str, Any]) -> Any:
    """The status of a dispute, as Stripe tells it, by what became of its money.

    One that was prevented was either blocked, which moved nothing, or resolved, by giving the money back: that one is
    lost (https://docs.stripe.com/disputes/prevention-preview). Its entries in the balance tell which.
    """
    entries = dispute.get("balance_transactions")
    moved = [at(entry, ("amount",)) for entry in entries] if isinstance(entries, list) else []
    gone = sum(amount for amount in moved if isinstance(amount, int)) < 0
    return "lost" if dispute.get("status") == "prevented" and gone else dispute.get("status")


def _holds(dispute: Dispute) -> bool:
    return dispute.status not in _LEFT_ALONE


def _held_amount(dispute: Dispute, payment: Payment) -> int:
    return dispute.amount if dispute.currency == payment.currency else payment.captured
