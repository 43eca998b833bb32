"""Bodies of the routes that use credits. Only machines call them, so each names its user."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from billing.api_models.base import Request
from billing.api_models.credits import CreditsAnswer, ReservationAnswer, TransactionAnswer

UserName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.@|+=-]{1,128}$"), Field(examples=["alice"])
]
Amount = Annotated[int, Field(ge=1, le=1_000_000_000, examples=[1])]
Text = Annotated[str, StringConstraints(strict=True, pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""Shown to the user in the ledger; one line."""


class SpendBody(Request):
    """`POST /credits/spend`."""

    user_id: UserName
    amount: Amount
    reason: Text = "spent"
    reference: Text | None = None


class ReversalBody(Request):
    """`POST /credits/reversals`: `transactionId` is that of the spend."""

    user_id: UserName
    transaction_id: Text
    reason: Text = "spend reversed"


class ReserveBody(Request):
    """`POST /credits/reservations`."""

    user_id: UserName
    amount: Amount
    expires_in_seconds: Annotated[int, Field(ge=1, le=604_800)]
    reference: Text | None = None


class CaptureBody(Request):
    """`POST /credits/reservations/{id}/capture`: without `amount`, all that was reserved."""

    user_id: UserName
    amount: Amount | None = None
    reason: Text = "spent"


class ReleaseBody(Request):
    """`POST /credits/reservations/{id}/release`."""

    user_id: UserName


class SpendAnswer(CreditsAnswer):
    """`200` of a spend, a capture and a reversal: the credits afterwards, and the entry in the ledger."""

    transaction: TransactionAnswer


class ReserveAnswer(CreditsAnswer):
    """`201` of a reservation, `200` of its release: the credits afterwards, and what it is or was."""

    reservation: ReservationAnswer
