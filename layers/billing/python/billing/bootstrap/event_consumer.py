"""Builds event_consumer."""

from __future__ import annotations

from functools import cache

from billing.adapters.aws_client import sqs_client
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.world import redis_cache
from billing.config import consumer_settings
from billing.domain.events import Origin
from billing.services.consume_events import ConsumeDeps

_CACHE_BUDGET = 1.0
"""Seconds. Nobody waits for the consumer, and what it publishes is what everybody else reads."""


def consumer_dependencies() -> ConsumeDeps:
    """The world of event_consumer; the cache's time budget begins anew with each call."""
    deps, cached = _built()
    cached.start_request()
    return deps


@cache
def _built() -> tuple[ConsumeDeps, UpstashCache]:
    settings = consumer_settings()
    core = settings.converge
    cached = redis_cache(core.redis, _CACHE_BUDGET)
    deps = ConsumeDeps(
        converge=converge_deps(core.tables, core.stripe, core.policy),
        queue=SqsQueue(sqs_client, settings.queue_url),
        cache=cached,
        origin=Origin(core.stage.livemode, core.stripe.account),
        park_foreign=settings.park_foreign,
    )
    return deps, cached
