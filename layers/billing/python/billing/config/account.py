"""Settings of account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import (
    Policy,
    RedisAccess,
    StripeAccess,
    Tables,
    policy_of,
    redis_access,
    stripe_access,
    tables_of,
)
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Of the function that reads."""

    tables: Tables
    stripe: StripeAccess
    redis: RedisAccess
    policy: Policy


def account_settings(environ: Mapping[str, str] | None = None) -> AccountSettings:
    """Settings of account; raises Misconfigured."""
    env = Environment(environ)
    return AccountSettings(
        tables=tables_of(env),
        stripe=stripe_access(env),
        redis=redis_access(env),
        policy=policy_of(env),
    )
