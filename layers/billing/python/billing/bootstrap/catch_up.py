"""Builds catch_up. It decides nothing, and so it loads nothing that does."""

from __future__ import annotations

from functools import cache

from billing.adapters.aws_client import sqs_client
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.purchase_states import DynamoPurchaseStates
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.stripe_api.lists import StripeEvents, StripeSessionList
from billing.adapters.system import SystemClock
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.config import CatchUpSettings, catch_up_settings
from billing.domain.events import Origin
from billing.observability import log, metrics
from billing.services.catch_up import CatchUpDeps
from billing.services.look_at_sessions import LookDeps
from billing.services.walk_on import WalkDeps


@cache
def catch_up_dependencies() -> CatchUpDeps:
    """The world of catching up on events."""
    return CatchUpDeps(StripeEvents(stripe_sdk(_settings().stripe)), _walking())


@cache
def look_dependencies() -> LookDeps:
    """The world of a look at checkout sessions."""
    settings = _settings()
    states = DynamoPurchaseStates(dynamodb(), settings.tables)
    return LookDeps(StripeSessionList(stripe_sdk(settings.stripe)), states, _walking())


@cache
def _walking() -> WalkDeps:
    settings = _settings()
    return WalkDeps(
        walks=DynamoWalks(dynamodb(), settings.tables),
        events=DynamoEvents(dynamodb(), settings.tables),
        queue=SqsQueue(sqs_client, settings.queue_url),
        origin=Origin(settings.stage.livemode, settings.stripe.account),
        clock=SystemClock(),
        log=log(),
        metrics=metrics(),
    )


@cache
def _settings() -> CatchUpSettings:
    return catch_up_settings()
