"""One process of a function, from its start: its settings, Secrets Manager, and a server for Stripe and for Redis."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.fakes.webhook_edge import OLD_SECRET
from tests.unit.billing.adapters.http_servers import BadServer, answer, bad_server

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

EXPIRED = json.dumps({"error": {"type": "invalid_request_error", "code": "api_key_expired", "message": "Expired"}})
STRIPE, REDIS, WEBHOOK = "plumbline/stripe", "plumbline/upstash", "plumbline/webhook"


@dataclass
class Environment:
    """What the process finds around it."""

    secrets: SecretsManagerClient
    server: BadServer
    monkeypatch: pytest.MonkeyPatch

    def store(self, name: str, **values: object) -> None:
        self.secrets.put_secret_value(SecretId=name, SecretString=json.dumps(values))

    def five_minutes_pass(self) -> None:
        """By the one clock that deployed code reads (`SystemClock`). Nothing of the process is forgotten by hand."""
        earlier = time.time
        self.monkeypatch.setattr(time, "time", lambda: earlier() + 300)

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


@contextmanager
def started(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Iterator[Environment]:
    """A process with these settings, which nothing has been built in."""
    with mock_aws(), bad_server(answer(EXPIRED, "401 Unauthorized")) as server:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        monkeypatch.setenv("STRIPE_API_KEY_SECRET", STRIPE)
        monkeypatch.setenv("UPSTASH_SECRET", REDIS)
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", WEBHOOK)
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name=STRIPE, SecretString='{"key": "sk_test_old"}')
        secrets.create_secret(Name=REDIS, SecretString=json.dumps({"url": server.url, "token": "old"}))
        secrets.create_secret(Name=WEBHOOK, SecretString=json.dumps({"secrets": [OLD_SECRET]}))
        forget_the_process()
        yield Environment(secrets, server, monkeypatch)
        forget_the_process()
        for name in (STRIPE, REDIS, WEBHOOK):
            secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
