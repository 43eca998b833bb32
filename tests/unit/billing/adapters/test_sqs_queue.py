"""The queue over SQS in moto, and what becomes of SQS's refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from billing.adapters.sqs_queue import SqsQueue
from billing.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BODY = '{"v":1,"id":"evt_1"}'


@pytest.fixture(scope="module")
def sqs() -> Iterator[SQSClient]:
    with mock_aws():
        yield boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def url(sqs: SQSClient) -> Iterator[str]:
    made = sqs.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "180"})["QueueUrl"]
    yield made
    sqs.delete_queue(QueueUrl=made)


def test_what_is_sent_is_in_the_queue(sqs: SQSClient, url: str) -> None:
    SqsQueue(lambda: sqs, url).send(BODY)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == BODY


@pytest.mark.parametrize(("seconds", "seen"), [(0, 1), (60, 0)])
def test_a_received_message_comes_again_when_it_was_told_to(sqs: SQSClient, url: str, seconds: int, seen: int) -> None:
    queue = SqsQueue(lambda: sqs, url)
    queue.send(BODY)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    queue.delay(message["ReceiptHandle"], seconds)
    assert len(sqs.receive_message(QueueUrl=url).get("Messages", [])) == seen


@pytest.mark.parametrize("seconds", [1, 900])
def test_it_waits_as_long_as_it_was_told_to(sqs: SQSClient, url: str, seconds: int) -> None:
    """F23: what was received often waits for a quarter of an hour."""
    told = {"QueueUrl": url, "ReceiptHandle": "r-1", "VisibilityTimeout": seconds}
    with Stubber(sqs) as stub:
        stub.add_response("change_message_visibility", {}, told)
        SqsQueue(lambda: sqs, url).delay("r-1", seconds)


def test_the_client_is_connected_at_the_first_call_and_once(sqs: SQSClient, url: str) -> None:
    connected: list[SQSClient] = []

    def connect() -> SQSClient:
        connected.append(sqs)
        return sqs

    queue = SqsQueue(connect, url)
    assert connected == []
    queue.send(BODY)
    queue.send(BODY)
    assert connected == [sqs]


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "RequestThrottled", "InternalError"])
def test_a_refusal_is_retryable_and_never_quotes_the_message(sqs: SQSClient, url: str, code: str) -> None:
    queue = SqsQueue(lambda: sqs, url)
    with Stubber(sqs) as stub:
        stub.add_client_error("send_message", code, "the body was evt_1")
        stub.add_client_error("change_message_visibility", code, "the receipt was r-1")
        with pytest.raises(QueueUnavailable) as sent:
            queue.send(BODY)
        with pytest.raises(QueueUnavailable) as delayed:
            queue.delay("r-1", 15)
    assert "evt_1" not in sent.value.message
    assert "r-1" not in delayed.value.message


def test_no_answer_is_retryable(sqs: SQSClient, url: str) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url=url)

    queue = SqsQueue(lambda: sqs, url)
    sqs.meta.events.register("provide-client-params.sqs", unreachable)
    try:
        with pytest.raises(QueueUnavailable) as sent:
            queue.send(BODY)
        with pytest.raises(QueueUnavailable) as delayed:
            queue.delay("r-1", 15)
    finally:
        sqs.meta.events.unregister("provide-client-params.sqs", unreachable)
    assert sent.value.ids == delayed.value.ids == {"reason": "EndpointConnectionError"}


def test_a_message_that_is_gone_is_no_crash(sqs: SQSClient, url: str) -> None:
    """Its visibility had run out, another consumer has finished it: the queue's own time-out holds."""
    with pytest.raises(QueueUnavailable):
        SqsQueue(lambda: sqs, url).delay("no-such-receipt", 15)
