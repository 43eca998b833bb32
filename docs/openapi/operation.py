"""What the document says of one route: who may call, what goes in, what comes back, and which errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from billing import errors
from billing.api_models.base import Answer, Request
from billing.domain.ids import USER_ID as USER

Error = type[errors.BillingError]

ALWAYS: tuple[Error, ...] = (errors.BillingError,)
"""500 `internal` is possible everywhere, and so is 503 `unavailable`, where a store is asked."""
STORED: tuple[Error, ...] = (errors.Retryable,)
WITH_BODY: tuple[Error, ...] = (errors.InvalidRequest, errors.BodyTooLarge)
WITH_STRIPE: tuple[Error, ...] = (*STORED, errors.StripeUnavailable)


def matching(pattern: re.Pattern[str], example: str) -> dict[str, Any]:
    """The schema of a text that must match in full."""
    return {"type": "string", "pattern": f"^({pattern.pattern})$", "examples": [example]}


class Caller(StrEnum):
    """Who may call a route."""

    ANYBODY = "anybody"
    STRIPE = "stripe"
    USER = "user"
    USER_OR_READER = "user, or a machine with the scope billing:read"
    SPENDER = "a machine with the scope billing:spend"

    @property
    def refusals(self) -> tuple[Error, ...]:
        """The errors that asking without the right gives."""
        if self in (Caller.ANYBODY, Caller.STRIPE):
            return ()
        return (errors.Unauthenticated, errors.Forbidden)


@dataclass(frozen=True)
class Parameter:
    """A query parameter, a header of the request, or a part of the path."""

    name: str
    where: str
    """`query`, `header` or `path`."""
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    explode: bool | None = None
    """False: the items of an array are one value with commas."""


@dataclass(frozen=True)
class Replied:
    """One answer that is no error: a JSON body, or none (a redirect)."""

    status: int
    meaning: str
    body: type[Answer] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of this answer beside the common ones, with what they tell."""
    schema: Mapping[str, Any] | None = None
    """Of a body that no model is needed for."""


@dataclass(frozen=True)
class Operation:
    """One route, as a caller needs to know it."""

    route: str
    """As API Gateway writes it: `GET /account`."""
    id: str
    tag: str
    summary: str
    caller: Caller
    answers: Sequence[Replied]
    body: type[Request] | None = None
    foreign_body: Mapping[str, Any] | None = None
    """The schema of a body that is not ours to shape."""
    parameters: Sequence[Parameter] = ()
    errors: Sequence[Error] = ()
    """Beside those that the caller's kind brings."""
    more: str = ""

    @property
    def every_error(self) -> tuple[Error, ...]:
        """All errors of this route, each once."""
        return tuple(dict.fromkeys((*self.errors, *self.caller.refusals, *ALWAYS)))


USER_ID = Parameter(
    "userId", "query", "Whose account a machine reads; a user's token names nobody.", matching(USER, "alice")
)
