"""Bodies of the account, entitlements and subscriptions routes."""

from __future__ import annotations

from billing.api_models.base import Answer, Time
from billing.api_models.credits import CreditsAnswer


class EntitlementAnswer(Answer):
    """A level, and when it ends; null has no end in sight."""

    level: str
    expires_at: Time | None


class SubscriptionAnswer(Answer):
    """A subscription that has not ended. `cancelAt` is when it ends, if that is known: at its period's end or not."""

    subscription_id: str
    status: str
    price_id: str
    quantity: int
    plan: str | None
    level: str | None
    current_period_end: Time
    trial_end: Time | None
    cancel_at_period_end: bool
    cancel_at: Time | None


class LevelAnswer(Answer):
    """A level that was bought once: `days` null never ends by itself, `endedAt` is when it was fully refunded."""

    level: str
    purchase: str
    paid_at: Time
    days: int | None
    ended_at: Time | None


class AccountAnswer(Answer):
    """`GET /account`: everything in one read."""

    user_id: str
    email: str | None
    credits: CreditsAnswer
    entitlements: EntitlementAnswer
    subscriptions: list[SubscriptionAnswer]
    levels: list[LevelAnswer]
    version: int
