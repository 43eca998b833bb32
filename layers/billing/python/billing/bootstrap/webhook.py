"""Builds webhook. It imports neither stripe nor pydantic nor the account: Stripe waits for its start-up."""

from __future__ import annotations

from functools import cache

from billing.adapters.aws_client import sqs_client
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.system import SystemClock
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.world import redis_cache, secrets_manager
from billing.config.webhook import webhook_settings
from billing.domain.events import Origin
from billing.observability import log, metrics
from billing.services.accept_event import AcceptDeps


def webhook_dependencies() -> AcceptDeps:
    """The world of webhook; the cache's time budget begins anew with each call."""
    deps, cached = _built()
    cached.start_request()
    return deps


@cache
def _built() -> tuple[AcceptDeps, UpstashCache]:
    settings = webhook_settings()
    cached = redis_cache(settings.redis)
    deps = AcceptDeps(
        origin=Origin(settings.stage.livemode, settings.account),
        secret_name=settings.secret,
        secrets=secrets_manager(),
        queue=SqsQueue(sqs_client, settings.queue_url),
        cache=cached,
        clock=SystemClock(),
        log=log(),
        metrics=metrics(),
    )
    return deps, cached
