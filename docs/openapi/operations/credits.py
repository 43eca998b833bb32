"""Using credits: what the team's other services do with a machine's token."""

from __future__ import annotations

from billing import errors
from billing.api_models.spending import (
    CaptureBody,
    ReleaseBody,
    ReserveAnswer,
    ReserveBody,
    ReversalBody,
    SpendAnswer,
    SpendBody,
)
from billing.domain.ids import RESERVATION_ID
from docs.openapi.operation import STORED, WITH_BODY, Caller, Error, Operation, Parameter, Replied, matching

_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "The caller's name for this request. Sent again with the same body, it gets the same answer for at least 30 days.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$", "examples": ["job-42"]},
    required=True,
)
_ID = Parameter("id", "path", "The reservation.", matching(RESERVATION_ID, "rsv_000000000000000000000000"))
_ONCE = (
    "An answer that was given to the same key before carries the header `Idempotent-Replayed: true`. A refusal is not"
    " kept: nothing was done, and the same key may be tried again."
)
_ERRORS: tuple[Error, ...] = (*WITH_BODY, errors.IdempotencyConflict, *STORED)

OPERATIONS = (
    Operation(
        "POST /credits/spend",
        "spendCredits",
        "Credits",
        "Spend a user's credits, those that expire first before the others.",
        Caller.SPENDER,
        [Replied(200, "The credits afterwards, and the entry in the ledger.", SpendAnswer)],
        body=SpendBody,
        parameters=[_KEY],
        errors=(*_ERRORS, errors.InsufficientCredits),
        more=_ONCE,
    ),
    Operation(
        "POST /credits/reversals",
        "reverseSpend",
        "Credits",
        "Undo a spend or a capture, in full and once: its credits return to the grants that they came from.",
        Caller.SPENDER,
        [Replied(200, "The credits afterwards, and the entry in the ledger.", SpendAnswer)],
        body=ReversalBody,
        parameters=[_KEY],
        errors=(*_ERRORS, errors.TransactionNotFound, errors.AlreadyReversed),
        more="Credits that return to an expired grant expire again. " + _ONCE,
    ),
    Operation(
        "POST /credits/reservations",
        "reserveCredits",
        "Credits",
        "Set credits aside for work in progress; they are released automatically at `expiresAt`.",
        Caller.SPENDER,
        [Replied(201, "The credits afterwards, and the reservation.", ReserveAnswer)],
        body=ReserveBody,
        parameters=[_KEY],
        errors=(*_ERRORS, errors.InsufficientCredits, errors.TooManyReservations),
        more=_ONCE,
    ),
    Operation(
        "POST /credits/reservations/{id}/capture",
        "captureReservation",
        "Credits",
        "Spend what was reserved, or part of it; the rest is released.",
        Caller.SPENDER,
        [Replied(200, "The credits afterwards, and the entry in the ledger.", SpendAnswer)],
        body=CaptureBody,
        parameters=[_ID, _KEY],
        errors=(*_ERRORS, errors.ReservationNotFound),
        more=_ONCE,
    ),
    Operation(
        "POST /credits/reservations/{id}/release",
        "releaseReservation",
        "Credits",
        "Give a reservation back.",
        Caller.SPENDER,
        [Replied(200, "The credits afterwards, and the former reservation.", ReserveAnswer)],
        body=ReleaseBody,
        parameters=[_ID, _KEY],
        errors=(*_ERRORS, errors.ReservationNotFound),
        more=_ONCE,
    ),
)
