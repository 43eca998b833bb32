"""A key or a token that was rolled is used without a deploy: a process that has read the old one may live for hours."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from billing.bootstrap.account import account_dependencies
from billing.bootstrap.catch_up import catch_up_dependencies, look_dependencies
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.bootstrap.event_consumer import consumer_dependencies
from billing.bootstrap.subscriptions import subscriptions_dependencies
from billing.bootstrap.success_sync import success_dependencies
from billing.bootstrap.webhook import webhook_dependencies
from billing.bootstrap.world import secrets_manager
from billing.domain.ids import CustomerId, EventId
from billing.domain.walk import Walk
from billing.errors import StripeUnavailable
from billing.ports.stripe import Catalog, StripeReader, Touched
from local.template import Addresses, load_model
from tests.unit.billing.adapters.http_servers import BadServer, answer, bad_server
from tests.unit.functions.test_environments import ROOT

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

EXPIRED = json.dumps({"error": {"type": "invalid_request_error", "code": "api_key_expired", "message": "Expired"}})
STRIPE, REDIS = "plumbline/stripe", "plumbline/upstash"
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


@dataclass
class Environment:
    """One process, from its start: Secrets Manager, and a server that stands for Stripe and for Redis."""

    secrets: SecretsManagerClient
    server: BadServer

    def store(self, name: str, **values: str) -> None:
        self.secrets.put_secret_value(SecretId=name, SecretString=json.dumps(values))

    def five_minutes_pass(self) -> None:
        """What was read of the secrets is forgotten."""
        secrets_manager.cache_clear()

    @property
    def shown(self) -> list[str]:
        """The key or token of each request."""
        heads = [request.decode().partition("\r\n\r\n")[0] for request in self.server.received]
        return [name for head in heads for name in re.findall(r"(?i)^authorization: bearer (\S+)", head, re.MULTILINE)]


def forget_the_process() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("billing.bootstrap."):
            for value in vars(module).values():
                getattr(value, "cache_clear", lambda: None)()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of all functions together: this process is each of them."""
    given = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
    addresses = Addresses(sqs_url="http://127.0.0.1:1", api_url="http://127.0.0.1:1")
    template = load_model(ROOT / "template.yaml", given, addresses, tmp_path_factory.mktemp("template"))
    return {name: value for each in template.functions.values() for name, value in each.environment.items()}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Iterator[Environment]:
    with mock_aws(), bad_server(answer(EXPIRED, "401 Unauthorized")) as server:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        monkeypatch.setenv("STRIPE_API_KEY_SECRET", STRIPE)
        monkeypatch.setenv("UPSTASH_SECRET", REDIS)
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name=STRIPE, SecretString='{"key": "sk_test_old"}')
        secrets.create_secret(Name=REDIS, SecretString=json.dumps({"url": server.url, "token": "old"}))
        forget_the_process()
        yield Environment(secrets, server)
        forget_the_process()
        for name in (STRIPE, REDIS):
            secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


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
