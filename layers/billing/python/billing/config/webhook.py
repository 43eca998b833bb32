"""Settings of the webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import NAMED, QUEUE, RedisAccess, Stage, connected_account, redis_access, stage_of
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Of the webhook: where events must come from, and where they go."""

    stage: Stage
    account: str | None
    queue_url: str
    secret: str
    redis: RedisAccess


def webhook_settings(environ: Mapping[str, str] | None = None) -> WebhookSettings:
    """Settings of the webhook; raises Misconfigured."""
    env = Environment(environ)
    return WebhookSettings(
        stage=stage_of(env),
        account=connected_account(env),
        queue_url=env.text("EVENTS_QUEUE_URL", pattern=QUEUE),
        secret=env.text("STRIPE_WEBHOOK_SECRET", pattern=NAMED),
        redis=redis_access(env),
    )
