"""Builds catch_up. It decides nothing, and so it loads nothing that does."""

from __future__ import annotations

from functools import cache

from billing.adapters.aws_client import sqs_client
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.purchase_states import DynamoPurchaseStates
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.stripe_api.event_list import StripeEvents
from billing.adapters.stripe_api.session_list import StripeSessionList
from billing.adapters.system import SystemClock
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.config import catch_up_settings
from billing.domain.events import Origin
from billing.observability import log, metrics
from billing.services.catch_up import CatchUpDeps
from billing.services.look_at_sessions import LookDeps


@cache
def catch_up_dependencies() -> CatchUpDeps:
    """The world of catch_up."""
    settings = catch_up_settings()
    return CatchUpDeps(
        listed=StripeEvents(stripe_sdk(settings.stripe)),
        walks=DynamoWalks(dynamodb(), settings.tables),
        events=DynamoEvents(dynamodb(), settings.tables),
        queue=SqsQueue(sqs_client, settings.queue_url),
        origin=Origin(settings.stage.livemode, settings.stripe.account),
        clock=SystemClock(),
        log=log(),
        metrics=metrics(),
    )


@cache
def look_dependencies() -> LookDeps:
    """The world of a look at objects: the same, with Stripe's other list and what is stored of it."""
    settings, same = catch_up_settings(), catch_up_dependencies()
    return LookDeps(
        listed=StripeSessionList(stripe_sdk(settings.stripe)),
        walks=same.walks,
        purchases=DynamoPurchaseStates(dynamodb(), settings.tables),
        events=same.events,
        queue=same.queue,
        origin=same.origin,
        clock=same.clock,
        log=same.log,
        metrics=same.metrics,
    )
