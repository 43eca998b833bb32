"""Secrets: kept for minutes, used on while Secrets Manager is down, and never shown."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from moto import mock_aws

from billing.adapters.secrets_manager import SecretsManager, secret_text
from billing.errors import Misconfigured, SecretsUnavailable
from tests.fakes.world import FakeClock
from tests.unit.billing.adapters.dynamo_tables import NOW

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "plumbline/stripe-api-key"
CANARY = "sk_test_canary0123456789"


@dataclass
class Vault:
    """Secrets Manager in moto, which can be told to fail, and counts the reads."""

    client: SecretsManagerClient
    failure: Exception | None = None
    reads: int = 0
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))

    def __post_init__(self) -> None:
        self.client.meta.events.register("provide-client-params.secretsmanager.GetSecretValue", self._read)

    def close(self) -> None:
        """Another test file's moto may be around this one: then nothing is forgotten by itself."""
        for secret in self.client.list_secrets()["SecretList"]:
            self.client.delete_secret(SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)

    def _read(self, **_: object) -> None:
        self.reads += 1
        if self.failure is not None:
            raise self.failure

    def store(self, text: str) -> None:
        self.client.put_secret_value(SecretId=NAME, SecretString=text)

    def secrets(self) -> SecretsManager:
        return SecretsManager(lambda: self.client, self.clock)


@pytest.fixture
def vault() -> Iterator[Vault]:
    with mock_aws():
        client = boto3.client("secretsmanager", config=Config(retries={"total_max_attempts": 1}))
        client.create_secret(Name=NAME, SecretString=json.dumps({"key": CANARY}))
        vault = Vault(client)
        yield vault
        vault.close()


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "GetSecretValue")


FAILURES: list[Any] = [
    client_error("ThrottlingException"),
    client_error("InternalServiceError"),
    client_error("AccessDeniedException"),
    EndpointConnectionError(endpoint_url="https://secretsmanager"),
    ConnectTimeoutError(endpoint_url="https://secretsmanager"),
]


def test_a_secret_is_read_once_in_five_minutes(vault: Vault) -> None:
    secrets = vault.secrets()
    assert secrets.read(NAME) == {"key": CANARY}
    vault.store('{"key": "sk_test_rotated"}')
    vault.clock.sleep(299)
    assert secrets.read(NAME) == {"key": CANARY}
    assert vault.reads == 1
    vault.clock.sleep(1)
    assert secrets.read(NAME) == {"key": "sk_test_rotated"}
    assert vault.reads == 2


def test_each_secret_is_kept_for_itself(vault: Vault) -> None:
    vault.client.create_secret(Name="other", SecretString='{"token": "t"}')
    secrets = vault.secrets()
    assert (secrets.read(NAME), secrets.read("other")) == ({"key": CANARY}, {"token": "t"})


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_what_was_read_last_is_used_on_while_nobody_answers(vault: Vault, failure: Exception) -> None:
    secrets = vault.secrets()
    secrets.read(NAME)
    vault.failure = failure
    vault.clock.sleep(timedelta(hours=5).total_seconds())
    assert secrets.read(NAME) == {"key": CANARY}
    vault.failure = None
    vault.store('{"key": "sk_test_rotated"}')
    vault.clock.sleep(30)
    assert secrets.read(NAME) == {"key": "sk_test_rotated"}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_an_outage_is_not_asked_about_at_every_request(vault: Vault, failure: Exception) -> None:
    """Each question may take seconds to fail: more than a request has."""
    secrets = vault.secrets()
    secrets.read(NAME)
    vault.failure = failure
    vault.clock.sleep(301)
    for _ in range(10):
        secrets.read(NAME)
        vault.clock.sleep(2)
    assert vault.reads == 2
    vault.failure = None
    vault.store('{"key": "sk_test_rotated"}')
    vault.clock.sleep(10)
    assert secrets.read(NAME) == {"key": "sk_test_rotated"}


def test_one_that_does_not_answer_is_not_asked_for_the_next_secret(vault: Vault) -> None:
    """Both of a webhook's, one after the other, would take the whole of its time."""
    vault.client.create_secret(Name="other", SecretString='{"token": "t"}')
    secrets = vault.secrets()
    secrets.read(NAME), secrets.read("other")
    vault.failure = ConnectTimeoutError(endpoint_url="https://secretsmanager")
    vault.clock.sleep(301)
    assert (secrets.read(NAME), secrets.read("other")) == ({"key": CANARY}, {"token": "t"})
    assert vault.reads == 3
    with pytest.raises(SecretsUnavailable):
        secrets.read("never read")


def test_one_that_refuses_a_secret_is_asked_for_the_next(vault: Vault) -> None:
    """That one may not be read says nothing of the others, which may have been rolled."""
    secrets = vault.secrets()
    secrets.read(NAME)
    vault.clock.sleep(301)
    vault.failure = client_error("AccessDeniedException")
    with pytest.raises(SecretsUnavailable):
        secrets.read("not ours")
    vault.failure = None
    vault.store('{"key": "sk_test_rotated"}')
    assert secrets.read(NAME) == {"key": "sk_test_rotated"}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_first_read_that_fails_is_retryable(vault: Vault, failure: Exception) -> None:
    vault.failure = failure
    secrets = vault.secrets()
    with pytest.raises(SecretsUnavailable) as raised:
        secrets.read(NAME)
    assert raised.value.ids == {"secret": NAME}
    vault.failure = None
    assert secrets.read(NAME) == {"key": CANARY}


def test_a_missing_secret_is_named(vault: Vault) -> None:
    with pytest.raises(Misconfigured, match="no secret named plumbline/none") as raised:
        vault.secrets().read("plumbline/none")
    assert raised.value.ids == {"secret": "plumbline/none"}


@pytest.mark.parametrize(
    "text", [CANARY, f'["{CANARY}"]', f'"{CANARY}"', f'{{"key": "{CANARY}"', f"{CANARY}\x00{{", "null", "12"]
)
def test_a_secret_that_is_no_json_object_is_refused_without_showing_it(vault: Vault, text: str) -> None:
    vault.store(text)
    with pytest.raises(Misconfigured) as raised:
        vault.secrets().read(NAME)
    assert raised.value.ids == {"secret": NAME}
    assert CANARY not in shown(raised.value)


def test_a_binary_secret_is_refused(vault: Vault) -> None:
    vault.client.put_secret_value(SecretId=NAME, SecretBinary=CANARY.encode())
    with pytest.raises(Misconfigured) as raised:
        vault.secrets().read(NAME)
    assert CANARY not in shown(raised.value)


def test_a_broken_rotation_does_not_replace_a_good_secret_in_silence(vault: Vault) -> None:
    secrets = vault.secrets()
    secrets.read(NAME)
    vault.store("not json")
    vault.clock.sleep(301)
    with pytest.raises(Misconfigured):
        secrets.read(NAME)


def shown(error: BaseException) -> str:
    """All that a log could show of an error: its text and all it carries, and the same of what led to it."""
    chain: list[BaseException] = [error]
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(earlier)
    return "".join(traceback.format_exception(error)) + "".join(f"{each!r} {vars(each)}" for each in chain)


def test_the_client_is_connected_at_the_first_read_and_once(vault: Vault) -> None:
    connected = []

    def connect() -> SecretsManagerClient:
        connected.append(1)
        return vault.client

    secrets = SecretsManager(connect, vault.clock)
    assert connected == []
    secrets.read(NAME)
    vault.clock.sleep(600)
    secrets.read(NAME)
    assert connected == [1]


def test_every_failure_of_the_sdk_is_covered() -> None:
    assert all(isinstance(failure, (ClientError, BotoCoreError)) for failure in FAILURES)


def test_a_text_of_a_secret_is_read_by_its_field(vault: Vault) -> None:
    vault.store(json.dumps({"key": CANARY}))
    assert secret_text(vault.secrets(), NAME, "key") == CANARY


@pytest.mark.parametrize("stored", [{}, {"key": ""}, {"key": None}, {"key": [CANARY]}, {"token": CANARY}])
def test_a_field_without_a_text_is_told_by_its_name_and_not_shown(vault: Vault, stored: dict[str, Any]) -> None:
    vault.store(json.dumps(stored))
    with pytest.raises(Misconfigured, match=f"^the secret {NAME} has no key") as raised:
        secret_text(vault.secrets(), NAME, "key")
    assert raised.value.ids == {"secret": NAME}
    assert CANARY not in str(raised.value)
