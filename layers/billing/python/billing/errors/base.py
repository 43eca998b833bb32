"""The branches of the tree of errors, on which the others grow."""

from __future__ import annotations

from collections.abc import Mapping


class BillingError(Exception):
    """Base of all of them: a stable `code`, a `message` for people, and the ids that it concerns."""

    code = "internal"

    def __init__(self, message: str, **ids: str | int | None) -> None:
        super().__init__(message)
        self.message = message
        self.ids = {name: value for name, value in ids.items() if value is not None}
        self.public: Mapping[str, object] = {}
        """What the caller is told beside code and message."""


class RequestRefused(BillingError):
    """The caller must change something; nothing was stored."""

    code = "invalid_request"


class Retryable(BillingError):
    """The same call may succeed later.

    `retry_after` is the other side's wish, in seconds, if it said one.
    """

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: float | None = None, **ids: str | int | None) -> None:
        super().__init__(message, **ids)
        self.retry_after = retry_after


class Permanent(BillingError):
    """The same call will never succeed: a person or a fix is needed."""

    code = "internal"


class Misconfigured(BillingError):
    """A setting or a secret is missing or malformed; the message names it and never shows its value."""

    code = "misconfigured"
