"""Credits and the ledger, as the API answers them."""

from __future__ import annotations

from datetime import datetime

from billing.api_models.credits import (
    CreditsAnswer,
    CreditsDetail,
    LotAnswer,
    ReservationAnswer,
    TransactionAnswer,
    TransactionsAnswer,
)
from billing.api_models.spending import ReserveAnswer, SpendAnswer
from billing.domain.account import Account, Credits, credits_at, credits_of
from billing.domain.credits import Reservation, ordered_lots
from billing.domain.ledger import Entry
from billing.domain.receipt import Receipt
from billing.domain.settle import settle
from billing.ports.store import Page


def credits_answer(account: Account, now: datetime) -> CreditsAnswer:
    """The user's credits at `now`."""
    return CreditsAnswer(**_figures(credits_at(account, now)))


def credits_detail(account: Account, now: datetime) -> CreditsDetail:
    """The user's credits with the lots that anything is left of."""
    settled = settle(account.lots, account.reservations, now)
    return CreditsDetail(
        **_figures(credits_of(settled)),
        lots=[
            LotAnswer(purchase=lot.purchase, granted=lot.granted, left=lot.left, expires_at=lot.expires_at)
            for lot in ordered_lots(settled.lots)
            if lot.left
        ],
        reservations=[reservation_answer(made) for made in settled.reservations],
    )


def reservation_answer(made: Reservation) -> ReservationAnswer:
    """A reservation."""
    return ReservationAnswer(
        reservation_id=made.id,
        amount=made.amount,
        created_at=made.created_at,
        expires_at=made.expires_at,
        reference=made.reference,
    )


def spend_answer(receipt: Receipt) -> SpendAnswer:
    """What a spend, a capture or a reversal came to. Raises ValueError for a receipt of anything else."""
    if receipt.entry is None:
        raise ValueError("a receipt without an entry")
    return SpendAnswer(**_figures(receipt.credits), transaction=_transaction(receipt.entry))


def reserve_answer(receipt: Receipt) -> ReserveAnswer:
    """What a reservation or its release came to. Raises ValueError for a receipt of anything else."""
    if receipt.reservation is None:
        raise ValueError("a receipt without a reservation")
    return ReserveAnswer(**_figures(receipt.credits), reservation=reservation_answer(receipt.reservation))


def transactions_answer(page: Page) -> TransactionsAnswer:
    """A page of the ledger."""
    return TransactionsAnswer(transactions=[_transaction(entry) for entry in page.entries], next_cursor=page.cursor)


def _figures(credits: Credits) -> dict[str, int]:
    return {"balance": credits.balance, "reserved": credits.reserved, "available": credits.available}


def _transaction(entry: Entry) -> TransactionAnswer:
    return TransactionAnswer(
        id=entry.key,
        kind=entry.kind,
        amount=entry.amount,
        balance_after=entry.balance_after,
        created_at=entry.at,
        stripe_object=entry.stripe_object,
        event_id=entry.event,
        actor=entry.actor,
        reason=entry.reason,
        reference=entry.reference,
    )
