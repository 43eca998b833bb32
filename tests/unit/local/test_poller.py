"""What of a batch is deleted (F12, F14), and the record a function gets."""

import json

import pytest

from local.poller.record import record
from local.poller.verdict import succeeded
from local.template import Queue

IDS = ["a", "b", "c"]


def failures(*ids: object) -> str:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": each} for each in ids]})


@pytest.mark.parametrize(
    ("payload", "done"),
    [
        ("", "abc"),
        ("null", "abc"),
        ("{}", "abc"),
        ('{"batchItemFailures": []}', "abc"),
        ('{"batchItemFailures": null}', "abc"),
        (failures("b"), "ac"),
        (failures("a", "b", "c"), ""),
        (failures("b", "b"), "ac"),
        (failures("unknown"), ""),
        (failures(""), ""),
        (failures(None), ""),
        ('{"batchItemFailures": [{"wrong": "b"}]}', ""),
        ('{"batchItemFailures": ["b"]}', ""),
        ('{"batchItemFailures": {"itemIdentifier": "b"}}', ""),
        ('{"another": 1}', ""),
        ('"text"', ""),
        ("[]", ""),
        ("not json", ""),
    ],
)
def test_messages_that_are_not_named_as_failed_have_succeeded(payload: str, done: str) -> None:
    assert succeeded(IDS, payload, function_error=False, partial_failures=True) == set(done)


def test_a_function_error_keeps_the_whole_batch() -> None:
    assert succeeded(IDS, failures("b"), function_error=True, partial_failures=True) == set()
    assert succeeded(IDS, "null", function_error=True, partial_failures=False) == set()


def test_without_the_setting_the_answer_means_nothing() -> None:
    assert succeeded(IDS, failures("b"), function_error=False, partial_failures=False) == set(IDS)


def test_a_message_becomes_a_record() -> None:
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": {
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00"},
        },
    }
    queue = Queue("Q", "q", "arn:aws:sqs:us-east-1:123456789012:q", "http://q", {})
    assert record(message, queue) == {  # type: ignore[arg-type]
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            "text": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "bytes": {"binaryValue": "AA==", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
        "awsRegion": "us-east-1",
    }
