"""Stripe's error answers.

    ApiError
        invalid_request(...)   400  the request is wrong: `code` and `param` say where
        missing(...)           404  the object named in the path does not exist (400 when a parameter names it)
        not_offered(...)       501  Stripe knows it, this stand-in does not: ours, so that nothing is silently ignored

Shape of the body: https://docs.stripe.com/api/errors
"""

from __future__ import annotations

from typing import Any

SUPPORT = "https://support.stripe.com/"
METADATA_KEYS = 50
"""The most that an object has: https://docs.stripe.com/api/metadata"""


class ApiError(Exception):
    """An answer that is not 2xx, with everything Stripe puts into its body."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        extra: dict[str, Any] | None = None,
        parameters_refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.extra = extra or {}
        self.parameters_refused = parameters_refused
        """True when the request never began to execute. Stripe saves no answer under an idempotency key then:
        https://docs.stripe.com/api/idempotent_requests"""

    def body(self, request_id: str, now: int) -> dict[str, Any]:
        """Render the body; absent members are left out, as Stripe leaves them out."""
        error: dict[str, Any] = {}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        error["message"] = self.message
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}?t={now}"
        error["type"] = self.type
        return {"error": {**error, **self.extra}}


def invalid_request(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Refuse what a handler found wrong with the values."""
    return ApiError(message, param=param, code=code)


def refused_parameter(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Refuse a parameter before anything is executed."""
    return ApiError(message, param=param, code=code, parameters_refused=True)


def missing(noun: str, id: str, *, param: str, in_path: bool = False) -> ApiError:
    """Report an unknown id: 404 for the object of the path, 400 for one that a parameter names."""
    return ApiError(f"No such {noun}: '{id}'", status=404 if in_path else 400, code="resource_missing", param=param)


def not_offered(what: str) -> ApiError:
    """Refuse what real Stripe offers and this stand-in does not, loudly, so that no test passes by being ignored."""
    return ApiError(
        f"The local Stripe stand-in does not offer {what}. Real Stripe may: see local/stripe/README.md.",
        status=501,
        type="api_error",
        code="stand_in_not_offered",
        parameters_refused=True,
    )


def too_many_keys(count: int) -> str:
    """What Stripe says of too much metadata: https://github.com/FlowFuse/flowfuse/issues/1948"""
    return f"Metadata can have up to {METADATA_KEYS} keys, but you've set {count}."
