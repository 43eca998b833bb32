"""Clients of AWS: no call may outlive the function that makes it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.stub import Stubber

from billing.adapters.aws_client import dynamodb_client, secrets_client, sqs_client
from billing.adapters.dynamodb import calls
from billing.adapters.sqs_queue import SqsQueue
from billing.errors import QueueUnavailable, StoreUnavailable
from local.template import Model
from tests.unit.billing.adapters.http_servers import answer, bad_server

# which clients a function calls, by its logical id
USED = [
    ("WebhookFunction", secrets_client),
    ("WebhookFunction", sqs_client),
    ("EventConsumerFunction", dynamodb_client),
    ("CreateCheckoutFunction", dynamodb_client),
    ("SuccessSyncFunction", dynamodb_client),
    ("AccountFunction", dynamodb_client),
]


@pytest.mark.parametrize(("function", "client"), USED, ids=lambda value: getattr(value, "__name__", value))
def test_a_call_that_fails_slowly_ends_before_its_function(
    template: Model, function: str, client: Callable[[], Any]
) -> None:
    config = client().meta.config
    attempts = config.retries["total_max_attempts"]
    pauses = sum(min(2**retry, 20) for retry in range(attempts - 1))  # standard mode: up to 2**n s before each retry
    worst = attempts * (config.connect_timeout + config.read_timeout) + pauses
    assert worst < template.functions[function].timeout
    assert config.retries["mode"] == "standard"


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_queue_that_hangs_is_given_up(deaf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries of two seconds, and the pause between them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", deaf)
    started = time.monotonic()
    with pytest.raises(QueueUnavailable) as raised:
        SqsQueue(sqs_client, f"{deaf}/1/events").send("{}")
    assert raised.value.ids == {"reason": "ReadTimeoutError"}
    assert time.monotonic() - started < 9


def test_a_client_that_can_not_be_built_is_the_sdks_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region there is no client: a function on Lambda always has one."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(BotoCoreError):
        sqs_client()


@pytest.mark.parametrize(
    ("client", "service"), [(dynamodb_client, "dynamodb"), (secrets_client, "secretsmanager"), (sqs_client, "sqs")]
)
def test_each_is_of_the_region_that_its_function_runs_in_and_encrypted(
    client: Callable[[], Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S21."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert client().meta.endpoint_url == f"https://{service}.eu-west-3.amazonaws.com"


def test_keys_that_are_left_unread_are_not_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """F15: what holds a partition back goes on for a while; who asks again at once is left with the same keys."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    client = dynamodb_client()
    asked: Any = {"accounts": {"Keys": [{"pk": {"S": "ACCOUNT#alice"}}]}}
    with Stubber(client) as stub:
        lefts: list[Any] = [asked, {}]
        for left in lefts:
            stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left}, {"RequestItems": asked})
        client.batch_get_item(RequestItems=asked)
        assert [0 < nap < 0.2 for nap in naps] == [True]
        client.batch_get_item(RequestItems=asked)
    assert len(naps) == 1


ASKED: list[tuple[Callable[[], Any], str, dict[str, Any]]] = [
    (dynamodb_client, "get_item", {"TableName": "accounts", "Key": {"pk": {"S": "ACCOUNT#alice"}}}),
    (secrets_client, "get_secret_value", {"SecretId": "key"}),
    (sqs_client, "send_message", {"QueueUrl": "http://127.0.0.1/1/events", "MessageBody": "{}"}),
]


@pytest.mark.parametrize(("client", "operation", "given"), ASKED)
def test_who_asks_is_said_in_a_word(client: Callable[[], Any], operation: str, given: dict[str, Any]) -> None:
    """The text of botocore is made anew, twice for each request: a tenth of a webhook's processor time."""
    said: list[bytes] = []

    class Refused(Exception):
        pass

    def refuse(request: Any, **_: Any) -> None:
        said.append(request.headers["User-Agent"])
        raise Refused

    asking = client()
    asking.meta.events.register("before-send", refuse)
    with pytest.raises(Refused):
        getattr(asking, operation)(**given)
    (text,) = said
    assert text.startswith(b"plumbline")
    assert b"Botocore" not in text, "Powertools adds its own words; botocore's are not made"


@pytest.mark.parametrize(("client", "operation", "given"), ASKED)
def test_a_call_that_fails_once_is_made_again(
    client: Callable[[], Any], operation: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million requests AWS fails some by itself: none of them is a purchase or an event that fails."""
    answers = iter([answer("{}", "500 Internal Server Error"), answer("{}")])

    def play(connection: socket.socket) -> None:
        next(answers)(connection)

    with bad_server(play) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        asking = client()
        getattr(asking, operation)(**given)
        asking.close()
    assert len(server.received) == 2


@pytest.mark.parametrize("status", ["200 OK", "300 Multiple Choices"])
@pytest.mark.parametrize("body", ["", " ", "<html>welcome</html>", '{"Responses": {"accounts": [', "null", "[]"])
def test_a_success_that_is_not_dynamodbs_is_none(body: str, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S27: botocore reads each of them as `{}`, or fails with an error that is not its own."""
    with bad_server(answer(body, status)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        client = dynamodb_client()
        with pytest.raises(StoreUnavailable):
            calls.write(client, [calls.put("accounts", {"pk": {"S": "ACCOUNT#alice"}})])
        with pytest.raises(StoreUnavailable):
            calls.get(client, "accounts", "ACCOUNT#alice")
        with pytest.raises(HTTPClientError, match=r": a success without a JSON object$"):
            client.get_item(TableName="accounts", Key={"pk": {"S": "ACCOUNT#alice"}})
        client.close()


def test_an_error_of_dynamodbs_may_have_any_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as the error that it is, and not as an answer of somebody else's."""
    with bad_server(answer("", "301 Moved Permanently")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        client = dynamodb_client()
        with pytest.raises(ClientError):
            client.get_item(TableName="accounts", Key={"pk": {"S": "ACCOUNT#alice"}})
        client.close()


def test_a_message_that_nobody_says_to_have_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """F08, S27: the webhook answers 2xx on it."""
    with bad_server(answer("<html>welcome</html>")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url)
        with pytest.raises(QueueUnavailable):
            SqsQueue(sqs_client, f"{server.url}/1/events").send("{}")


def test_building_clients_needs_no_boto3() -> None:
    code = (
        "import sys; from billing.adapters import aws_client, sqs_queue, secrets_manager;"
        " aws_client.sqs_client(); aws_client.secrets_client(); print('boto3' in sys.modules)"
    )
    environment = {"PYTHONPATH": "layers/billing/python", "AWS_DEFAULT_REGION": "us-east-1"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
