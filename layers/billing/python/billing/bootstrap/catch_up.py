"""Builds catch_up. It converges nothing, and so it loads nothing that does."""

from __future__ import annotations

from functools import cache

from billing.adapters.aws_client import sqs_client
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.known_objects import DynamoKnown
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.adapters.dynamodb.renewals import DynamoRenewals
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.adapters.system import SystemClock
from billing.bootstrap.stored import dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.config.catch_up import CatchUpSettings, catch_up_settings
from billing.domain.events import Origin
from billing.observability import log, metrics
from billing.services.catch_up import CatchUpDeps
from billing.services.looks import LookDeps
from billing.services.walk_on import WalkDeps


def catch_up_dependencies() -> CatchUpDeps:
    """The world of catching up on events."""
    return CatchUpDeps(StripeEvents(stripe_sdk(_settings().stripe)), walk_dependencies())


def look_dependencies() -> LookDeps:
    """The world of the looks at objects."""
    settings = _settings()
    client = stripe_sdk(settings.stripe)
    return LookDeps(
        lists=object_lists(client),
        parked=DynamoParked(dynamodb(), settings.tables),
        renewals=DynamoRenewals(dynamodb(), settings.tables),
        known=DynamoKnown(dynamodb(), settings.tables),
        catalog=StripeCatalog(client, settings.levels),
        trial_credits=settings.trial_credits,
    )


@cache
def walk_dependencies() -> WalkDeps:
    """The world of reading on in a list."""
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
