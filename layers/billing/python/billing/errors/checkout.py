"""What keeps a checkout from being opened: another one, or too many."""

from __future__ import annotations

from billing.errors.base import RequestRefused


class SubscriptionExists(RequestRefused):
    """The user already has a live subscription: plans are changed, not bought twice."""

    code = "subscription_exists"


class CheckoutConflict(RequestRefused):
    """Another request of this user is in progress: trying again is safe."""

    code = "conflict"


class TooManyCheckouts(RequestRefused):
    """The user has reached the limit of checkouts an hour; `Retry-After` says when the next hour begins.

    `retry_after` is in seconds.
    """

    code = "too_many_checkouts"

    def __init__(self, message: str, *, retry_after: int, **ids: str | int | None) -> None:
        super().__init__(message, **ids)
        self.retry_after = retry_after
