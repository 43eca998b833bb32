"""Settings of catch_up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import QUEUE, Stage, StripeAccess, Tables, stage_of, stripe_access, tables_of
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class CatchUpSettings:
    """Of the function that reads Stripe's lists."""

    stage: Stage
    tables: Tables
    stripe: StripeAccess
    queue_url: str
    levels: tuple[str, ...]
    trial_credits: bool
    """As in the Policy of those who write accounts."""


def catch_up_settings(environ: Mapping[str, str] | None = None) -> CatchUpSettings:
    """Settings of catch_up; raises Misconfigured."""
    env = Environment(environ)
    return CatchUpSettings(
        stage=stage_of(env),
        tables=tables_of(env),
        stripe=stripe_access(env),
        queue_url=env.text("EVENTS_QUEUE_URL", pattern=QUEUE),
        levels=env.names("LEVELS"),
        trial_credits=env.flag("TRIAL_CREDITS"),
    )
