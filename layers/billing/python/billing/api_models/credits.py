"""Bodies of the credits routes."""

from __future__ import annotations

from billing.api_models.base import Answer, Time


class CreditsAnswer(Answer):
    """Credits: `balance` may be negative, `reserved` is a part of it, `available` is what can be spent."""

    balance: int
    reserved: int
    available: int


class LotAnswer(Answer):
    """One grant of credits and what is left of it."""

    purchase: str
    granted: int
    left: int
    expires_at: Time | None


class ReservationAnswer(Answer):
    """Credits that are set aside; `reference` is the caller's own name for what they are for."""

    reservation_id: str
    amount: int
    created_at: Time
    expires_at: Time
    reference: str | None


class CreditsDetail(CreditsAnswer):
    """`GET /credits`."""

    lots: list[LotAnswer]
    reservations: list[ReservationAnswer]


class TransactionAnswer(Answer):
    """A ledger entry. Entries of kind ACCESS have amount 0 and say in `reason` what changed."""

    id: str
    kind: str
    amount: int
    balance_after: int
    created_at: Time
    stripe_object: str | None
    event_id: str | None
    actor: str
    reason: str
    reference: str | None


class TransactionsAnswer(Answer):
    """`GET /credits/transactions`: a page, newest first; `nextCursor` null ends the list."""

    transactions: list[TransactionAnswer]
    next_cursor: str | None
