"""The frame of every HTTP handler."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from billing import errors
from billing.http.reply import HttpResponse, error_reply, error_response
from billing.http.request import HttpEvent, correlation_id
from billing.observability import LambdaContext, log, metrics, observed

type Handler = Callable[[HttpEvent, LambdaContext], HttpResponse]


def http_handler(function: Handler) -> Handler:
    """Give a handler its frame: ids on every log line, metrics printed at the end, every error answered as JSON."""

    @wraps(function)
    def framed(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        with observed(context, correlation_id(event)):
            try:
                return function(event, context)
            except Exception as exc:  # noqa: BLE001  whatever was not foreseen is logged here and never shown
                return failed(exc)

    return framed


def failed(exc: Exception) -> HttpResponse:
    """Log and count what a request ended with, once, and answer it."""
    if isinstance(exc, errors.BillingError):
        return error_reply(exc)
    log().failure("request failed", exc, retryable=False, code="internal")
    metrics().count("RequestsFailed", code="internal")
    return error_response(500, "internal", "something went wrong on our side")
