"""The last payments of a user, as an account shows them: what was paid, when, with which card, and what came back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.domain.purchase import Purchase
from billing.domain.registers import refunded
from billing.domain.snapshot import Card

KEPT = 5


@dataclass(frozen=True, slots=True)
class PaymentNote:
    """One payment. `source` is the session or invoice; amounts are in the currency's smallest unit."""

    source: str
    amount: int
    currency: str
    paid_at: datetime
    refunded: int = 0
    card: Card | None = None


def last_payments(known: Iterable[PaymentNote], purchases: Iterable[Purchase]) -> tuple[PaymentNote, ...]:
    """The last payments, newest first, after looking at these purchases.

    The lines of an invoice share its payment. By the time of payment and the source, so that the order in which
    purchases were looked at leaves no trace. What cost nothing is no payment.
    """
    notes = {note.source: note for note in known}
    for purchase in purchases:
        note = _note(purchase)
        if note is not None:
            notes[note.source] = note
    newest = sorted(notes.values(), key=lambda note: (note.paid_at, note.source), reverse=True)
    return tuple(newest[:KEPT])


def _note(purchase: Purchase) -> PaymentNote | None:
    payment = purchase.payment
    if payment is None or purchase.paid_at is None or not payment.captured:
        return None
    return PaymentNote(
        source=purchase.source,
        amount=payment.captured,
        currency=payment.currency,
        paid_at=purchase.paid_at,
        refunded=refunded(payment),
        card=payment.card,
    )
