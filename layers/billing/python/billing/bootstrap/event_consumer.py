"""Builds event_consumer."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from billing.adapters.aws_client import sqs_client
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.system import SystemRandomness
from billing.adapters.upstash_cache import UpstashCache
from billing.bootstrap.converging import converge_deps
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.bootstrap.world import redis_cache
from billing.config.consumer import ConsumerSettings, consumer_settings, queue_url
from billing.domain.events import Origin
from billing.observability import log, metrics
from billing.services.consume_events import ConsumeDeps
from billing.services.put_off import PutOffDeps

if TYPE_CHECKING:
    import stripe

_CACHE_BUDGET = 1.0
"""Seconds. Nobody waits for the consumer, and what it publishes is what everybody else reads."""


def consumer_dependencies() -> ConsumeDeps:
    """The world of event_consumer; the cache's time budget begins anew with each call."""
    deps, cached = _built(stripe_sdk(_settings().converge.stripe))
    cached.start_request()
    return deps


def put_off_dependencies() -> PutOffDeps:
    """What can be built where that world can't: a batch must be put off then."""
    return PutOffDeps(_queue(queue_url()), SystemRandomness(), log(), metrics())


@cache
def _queue(url: str) -> SqsQueue:
    return SqsQueue(sqs_client, url)


@lru_cache(maxsize=1)
def _built(client: stripe.StripeClient) -> tuple[ConsumeDeps, UpstashCache]:
    settings = _settings()
    core = settings.converge
    cached = redis_cache(core.redis, _CACHE_BUDGET)
    deps = ConsumeDeps(
        converge=converge_deps(core.tables, client, core.policy, livemode=core.stripe.livemode),
        queue=_queue(settings.queue_url),
        cache=cached,
        origin=Origin(core.stage.livemode, core.stripe.account),
        park_foreign=settings.park_foreign,
    )
    return deps, cached


@cache
def _settings() -> ConsumerSettings:
    return consumer_settings()
