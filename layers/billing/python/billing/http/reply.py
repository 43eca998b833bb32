"""Answers, and the one table from domain errors, which know no HTTP, to status codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from billing import errors
from billing.observability import log, metrics

if TYPE_CHECKING:
    from pydantic import BaseModel


class HttpResponse(TypedDict):
    """A payload 2.0 answer."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


_STATUS: tuple[tuple[type[errors.BillingError], int, str | None], ...] = (
    # The first that fits; a text replaces the error's own where that could tell something about our inside.
    (errors.UnknownPrice, 404, None),
    (errors.SessionNotFound, 404, None),
    (errors.TransactionNotFound, 404, None),
    (errors.ReservationNotFound, 404, None),
    (errors.InsufficientCredits, 402, None),
    (errors.TooManyReservations, 409, None),
    (errors.AlreadyReversed, 409, None),
    (errors.IdempotencyConflict, 409, None),
    (errors.Unauthenticated, 401, None),
    (errors.Forbidden, 403, None),
    (errors.PriceUnavailable, 422, None),
    (errors.CurrencyUnavailable, 422, None),
    (errors.IncompatibleLines, 422, None),
    (errors.AmbiguousPrice, 409, None),
    (errors.SubscriptionExists, 409, None),
    (errors.CheckoutConflict, 409, None),
    (errors.TooManyCheckouts, 429, None),
    (errors.SubscriptionNotFound, 404, None),
    (errors.SubscriptionAmbiguous, 409, None),
    (errors.ChangeRefused, 409, None),
    (errors.PlanMismatch, 422, None),
    (errors.PortalFlowUnavailable, 409, None),
    (errors.RequestRefused, 400, None),
    (errors.SignatureRefused, 400, None),
    (errors.StripeUnavailable, 503, "Stripe can't be reached at the moment; try again in a few seconds"),
    (errors.Retryable, 503, "this is not possible at the moment; try again in a few seconds"),
    (errors.PortalNotConfigured, 500, "the customer portal is not set up in Stripe: save its settings, or name one"),
    (errors.BillingError, 500, "something went wrong on our side"),
)

_PORTAL = {"portal": "/portal/sessions"}
_POINTERS: Mapping[type[errors.BillingError], Mapping[str, str]] = {
    errors.SubscriptionExists: _PORTAL,
    errors.SubscriptionUnpaid: _PORTAL,
    errors.SubscriptionPaused: _PORTAL,
    errors.SubscriptionCanceling: _PORTAL,
    errors.SubscriptionNotChangeable: _PORTAL,
    errors.ChangeNotNow: _PORTAL,
}
"""The route that helps with an error."""


def reply(status: int, body: Mapping[str, Any] | BaseModel, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a JSON answer; a model is written under its JSON names."""
    if isinstance(body, Mapping):
        return reply_json(status, json.dumps(body, separators=(",", ":"), ensure_ascii=False), headers)
    return reply_json(status, body.model_dump_json(by_alias=True), headers)


def reply_json(status: int, document: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a document that is JSON already. Nothing here may be stored on the way: it is about one user's money."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": document,
        "isBase64Encoded": False,
    }


def redirect(location: str) -> HttpResponse:
    """Return a 303: the browser goes there with GET."""
    return {
        "statusCode": 303,
        "headers": {"location": location, "cache-control": "no-store"},
        "body": "",
        "isBase64Encoded": False,
    }


def error_reply(exc: errors.BillingError) -> HttpResponse:
    """Log an error once, and answer it with its status, stable code and message."""
    status, message = next((status, text) for kind, status, text in _STATUS if isinstance(exc, kind))
    if status < 500:
        log().info("request refused", code=exc.code, status=status, **_free(exc.ids))
        metrics().count("RequestsRefused", code=exc.code)
        public = {**exc.public, **_POINTERS.get(type(exc), {})}
        later = {"retry-after": str(exc.retry_after)} if isinstance(exc, errors.TooManyCheckouts) else None
        return error_response(status, exc.code, message or exc.message, later, public)
    code = _public_code(type(exc))
    log().failure("request failed", exc, retryable=status == 503, status=status)
    metrics().count("RequestsFailed", code=code)
    retry = {"retry-after": "2"} if status == 503 else None
    return error_response(status, code, message or "something went wrong on our side", retry)


def status_and_code(kind: type[errors.BillingError]) -> tuple[int, str]:
    """Return how a kind of error is answered; the API's document is made of it."""
    status = next(status for known, status, _ in _STATUS if issubclass(kind, known))
    return status, kind.code if status < 500 else _public_code(kind)


def _public_code(kind: type[errors.BillingError]) -> str:
    """Which of our parts did not answer is for the log; a client needs to know only what is Stripe's."""
    if issubclass(kind, (errors.StripeUnavailable, errors.PortalNotConfigured)):
        return kind.code
    return "unavailable" if issubclass(kind, errors.Retryable) else "internal"


def error_response(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    public: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Return an error: a stable code for programs and a message for people; `public` is what else some of them tell."""
    return reply(status, {"error": {"code": code, "message": message, **_json_names(public or {})}}, headers)


def _json_names(told: Mapping[str, object]) -> dict[str, object]:
    """The same under the names that JSON has in this API; lists hold mappings or plain values."""
    named = {}
    for name, value in told.items():
        first, *rest = name.split("_")
        items = value if isinstance(value, list) else []
        listed = [_json_names(item) if isinstance(item, Mapping) else item for item in items]
        named["".join([first, *(word.capitalize() for word in rest)])] = listed if isinstance(value, list) else value
    return named


def _free(ids: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in ids.items() if key not in ("code", "status", "message")}
