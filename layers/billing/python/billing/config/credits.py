"""Settings of credits and reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import Policy, RedisAccess, Tables, policy_of, redis_access, tables_of
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class CreditsSettings:
    """Of the functions that write accounts without Stripe: credits and reconcile."""

    tables: Tables
    redis: RedisAccess
    policy: Policy


def credits_settings(environ: Mapping[str, str] | None = None) -> CreditsSettings:
    """Settings of credits and reconcile; raises Misconfigured."""
    env = Environment(environ)
    return CreditsSettings(tables=tables_of(env), redis=redis_access(env), policy=policy_of(env))
