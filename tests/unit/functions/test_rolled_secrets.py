"""What was rolled, a key, a token or a signing secret, is used without a deploy: a process may live for hours."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from billing.bootstrap.account import account_dependencies
from billing.bootstrap.catch_up import catch_up_dependencies, look_dependencies
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.bootstrap.event_consumer import consumer_dependencies
from billing.bootstrap.subscriptions import subscriptions_dependencies
from billing.bootstrap.success_sync import success_dependencies
from billing.bootstrap.webhook import webhook_dependencies
from billing.domain.ids import CustomerId, EventId
from billing.domain.walk import Walk
from billing.errors import StripeUnavailable
from billing.ports.stripe import Catalog, StripeReader, Touched
from functions.catch_up import app as catch_up
from functions.webhook.app import lambda_handler
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import OLD_SECRET, SECRET
from tests.modelled import modelled
from tests.unit.billing.adapters.dynamo_tables import World
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.functions.process import REDIS, STRIPE, WEBHOOK, Environment

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
WALK = Walk("events:0", NOW, NOW - timedelta(days=1), until=NOW)


def read(stripe: StripeReader) -> object:
    return stripe.snapshot([CustomerId("cus_1")], Touched())


def sold(catalog: Catalog) -> object:
    return catalog.active_prices()


ASKING_STRIPE: dict[str, Callable[[], object]] = {
    "account": lambda: sold(account_dependencies().catalog()),
    "catch_up": lambda: catch_up_dependencies().listed.page(["invoice.paid"], WALK, undelivered=False),
    "catch_up, looking at objects": lambda: look_dependencies().lists.refunds.page(WALK),
    "create_checkout": lambda: read(checkout_dependencies().converge.stripe),
    "create_checkout, its catalog": lambda: sold(checkout_dependencies().catalog),
    "event_consumer": lambda: read(consumer_dependencies().converge.stripe),
    "subscriptions": lambda: read(subscriptions_dependencies().change.converge.stripe),
    "subscriptions, its catalog": lambda: sold(subscriptions_dependencies().change.catalog),
    "success_sync": lambda: read(success_dependencies().converge.stripe),
}


@pytest.mark.parametrize("ask", ASKING_STRIPE.values(), ids=ASKING_STRIPE.keys())
def test_a_key_that_was_rolled_is_used_by_the_same_process(ask: Callable[[], object], environment: Environment) -> None:
    def asked() -> str:
        environment.server.received.clear()
        with pytest.raises(StripeUnavailable):
            ask()
        return environment.shown[0]

    assert asked() == "sk_test_old"
    environment.store(STRIPE, key="sk_test_new")
    assert asked() == "sk_test_old", "a secret is kept for minutes"
    environment.five_minutes_pass()
    assert asked() == "sk_test_new"


@pytest.mark.parametrize("job", catch_up._JOBS)
def test_a_key_that_was_rolled_is_used_by_the_next_run_of_a_schedule(job: str, environment: Environment) -> None:
    World(boto3.client("dynamodb"), modelled()).empty()

    def shown() -> set[str]:
        environment.server.received.clear()
        with pytest.raises(StripeUnavailable):
            catch_up.lambda_handler({"job": job}, FakeContext(remaining=60_000))
        return set(environment.shown)

    assert shown() == {"sk_test_old"}
    environment.store(STRIPE, key="sk_test_new")
    environment.five_minutes_pass()
    assert shown() == {"sk_test_new"}


def test_nothing_is_built_anew_while_the_key_is_the_same(environment: Environment) -> None:
    worlds = (checkout_dependencies, consumer_dependencies, subscriptions_dependencies, success_dependencies)
    before = [world() for world in worlds]
    environment.five_minutes_pass()
    assert all(world() is built for world, built in zip(worlds, before, strict=True))


def test_a_token_that_was_rolled_is_used_by_the_same_process(environment: Environment) -> None:
    """The cache itself stays: it knows whether Redis is paused, and which publishes were lost."""
    environment.server.play = answer('{"result": null}')
    cache = webhook_dependencies().cache

    def asked() -> str:
        environment.server.received.clear()
        assert webhook_dependencies().cache is cache
        assert cache.is_done(EventId("evt_1")) is False
        return environment.shown[0]

    assert asked() == "old"
    environment.store(REDIS, url=environment.server.url, token="new")
    assert asked() == "old", "a secret is kept for minutes"
    environment.five_minutes_pass()
    assert asked() == "new"


def test_a_signing_secret_that_was_rolled_is_used_by_the_same_process(environment: Environment) -> None:
    """F28: both are taken during the roll, and after it the old one no more, for it may be rolled because it leaked."""
    body = json.dumps({"id": "evt_1", "object": "event", "type": "product.created"}).encode()

    def answers() -> list[int]:
        """To a delivery that is signed with the old one alone, and to one with the new one alone."""
        now = int(time.time())
        signed = [http_event(body, {"Stripe-Signature": sign(body, name, now)}) for name in (OLD_SECRET, SECRET)]
        return [lambda_handler(event, FakeContext())["statusCode"] for event in signed]

    assert answers() == [200, 400]
    environment.store(WEBHOOK, secrets=[SECRET, OLD_SECRET])
    assert answers() == [200, 400], "a secret is kept for minutes"
    environment.five_minutes_pass()
    assert answers() == [200, 200]
    environment.store(WEBHOOK, secrets=[SECRET])
    environment.five_minutes_pass()
    assert answers() == [400, 200]
