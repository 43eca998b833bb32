"""Settings of every function that converges, and all that success_sync has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import (
    Policy,
    RedisAccess,
    Stage,
    StripeAccess,
    Tables,
    policy_of,
    redis_access,
    stage_of,
    stripe_access,
    tables_of,
)
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class ConvergeSettings:
    """Of every function that converges: the consumer, the success page, and a checkout that meets a paid session."""

    stage: Stage
    tables: Tables
    stripe: StripeAccess
    redis: RedisAccess
    policy: Policy
    app_url: str


def success_settings(environ: Mapping[str, str] | None = None) -> ConvergeSettings:
    """Settings of success_sync; raises Misconfigured."""
    return converge_of(Environment(environ))


def converge_of(env: Environment) -> ConvergeSettings:
    """Settings of whoever converges; raises Misconfigured."""
    return ConvergeSettings(
        stage=stage_of(env),
        tables=tables_of(env),
        stripe=stripe_access(env),
        redis=redis_access(env),
        policy=policy_of(env),
        app_url=env.origin("APP_URL"),
    )
