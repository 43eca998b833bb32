"""What the cache learns of an account after it was written."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.domain.account import Account, credits_at
from billing.domain.entitlement import AccessPolicy
from billing.domain.subscription import governing
from billing.ports.cache import PublishedAccount


def published(account: Account, policy: AccessPolicy, now: datetime) -> PublishedAccount:
    """The account as the cache keeps it."""
    access = account.access_at(policy, now)
    return PublishedAccount(
        user=account.user,
        version=account.version,
        at=now,
        customer=account.customer,
        level=access.level,
        until=access.until,
        balance=credits_at(account, now).balance,
        lowest=access.level == policy.levels[0],
        subscription=_subscription(account, policy.grace, now),
    )


def _subscription(account: Account, grace: timedelta, now: datetime) -> dict[str, object]:
    state = governing(account.subscriptions, grace, now)
    if state is None:
        return {"status": "none"}
    return {
        "status": state.status,
        "subscriptionId": state.id,
        "plan": state.plan,
        "priceId": state.price_id,
        "currentPeriodEnd": f"{state.period_end:%Y-%m-%dT%H:%M:%SZ}",
        "cancelAtPeriodEnd": state.cancel_at_period_end,
    }
