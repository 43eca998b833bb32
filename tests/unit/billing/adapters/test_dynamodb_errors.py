"""What DynamoDB or the SDK said stands in our error, for whoever reads the log; and conditions as they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from botocore.stub import Stubber

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.credit_store import DynamoDue
from billing.adapters.dynamodb.ledger_store import DynamoLedger, entry_get
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.adapters.dynamodb.renewals import DynamoRenewals
from billing.config import Tables
from billing.domain.ids import UserId
from billing.domain.walk import Walk
from billing.errors import BillingError, MalformedObject, StoreUnavailable
from tests.unit.billing.adapters.dynamo_tables import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def answer_of(code: str, message: str = "m") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutItem")


@pytest.mark.parametrize(
    ("error", "kind", "message", "reason"),
    [
        (
            ParamValidationError(report="r"),
            MalformedObject,
            "the SDK refused a request to DynamoDB",
            "ParamValidationError",
        ),
        (
            answer_of("ValidationException", "too large"),
            MalformedObject,
            "DynamoDB refused an item or a condition",
            "too large",
        ),
        (
            answer_of("ThrottlingException"),
            StoreUnavailable,
            "DynamoDB refused or throttled the call",
            "ThrottlingException",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            StoreUnavailable,
            "DynamoDB did not answer",
            "EndpointConnectionError",
        ),
    ],
)
def test_an_error_says_what_was_said(error: Exception, kind: type[BillingError], message: str, reason: str) -> None:
    ours = calls.translated(error)
    assert (type(ours), ours.message, ours.ids) == (kind, message, {"reason": reason})


class Canceled:
    """A client whose transactions are canceled for these reasons."""

    def __init__(self) -> None:
        self.client = boto3.client("dynamodb")
        self.stub = Stubber(self.client)

    def write(self, *reasons: dict[str, str]) -> None:
        given = {"CancellationReasons": list(reasons)}
        self.stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=given)
        calls.write(self.client, [calls.put("accounts", {"pk": {"S": "ACCOUNT#alice"}})])


@pytest.fixture(scope="module")
def client() -> Iterator[Canceled]:
    canceled = Canceled()
    with canceled.stub:
        yield canceled


def test_the_reasons_of_a_lost_race_stand_in_the_order_of_the_items(client: Canceled) -> None:
    with pytest.raises(calls.Refused, match=r"^None, ConditionalCheckFailed$") as refused:
        client.write({}, {"Code": "ConditionalCheckFailed"})
    assert refused.value.reasons == ["None", "ConditionalCheckFailed"]


def test_the_reasons_of_a_transaction_that_can_never_be_written_are_told(client: Canceled) -> None:
    with pytest.raises(MalformedObject) as refused:
        client.write({"Code": "None"}, {"Code": "ValidationError"})
    assert refused.value.ids == {"reason": "None, ValidationError"}


def test_what_is_left_of_a_hundred_keys_is_asked_for_alone_and_then_the_others(client: Canceled) -> None:
    """DynamoDB takes a hundred at once, and refuses more."""
    names = [f"ORDER#{number:03}" for number in range(150)]

    def asked(*some: str) -> dict[str, Any]:
        return {"accounts": {"Keys": [{"pk": {"S": name}} for name in some], "ConsistentRead": True}}

    def there(*some: str) -> dict[str, Any]:
        return {"accounts": [{"pk": {"S": name}} for name in some]}

    for left, found in ((asked(names[7]), names[10:100]), ({}, [names[7]])):
        wanted = names[:100] if left else [names[7]]
        answer = {"Responses": there(*found), "UnprocessedKeys": left}
        client.stub.add_response("batch_get_item", answer, {"RequestItems": asked(*wanted)})
    client.stub.add_response(
        "batch_get_item", {"Responses": there(*names[140:])}, {"RequestItems": asked(*names[100:])}
    )
    assert set(calls.get_all(client.client, "accounts", names)) == {names[7], *names[10:100], *names[140:]}


TABLES = Tables("events", "accounts", "ledger")
ALICE = UserId("alice")
WALK = Walk("some", seen=NOW - timedelta(days=1), since=NOW - timedelta(days=1), until=NOW)
READS: dict[str, tuple[str, Callable[[DynamoDBClient], object]]] = {
    "an item": ("get_item", lambda client: calls.get(client, "accounts", "ACCOUNT#alice")),
    "an entry": ("get_item", lambda client: entry_get(client, "ledger", ALICE, "000000000007#000")),
    "the ledger": ("query", lambda client: DynamoLedger(client, TABLES).page(ALICE, 10, None)),
    "what is due": ("query", lambda client: list(DynamoDue(client, TABLES).due(NOW))),
    "who has parked events": ("query", lambda client: DynamoParked(client, TABLES).page(WALK)),
    "who should have been renewed": ("query", lambda client: DynamoRenewals(client, TABLES).page(WALK)),
}


@pytest.mark.parametrize(("operation", "read"), READS.values(), ids=READS.keys())
def test_what_can_not_be_read_is_not_nothing(
    client: Canceled, operation: str, read: Callable[[DynamoDBClient], object]
) -> None:
    client.stub.add_client_error(operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable) as refused:
        read(client.client)
    assert refused.value.ids == {"reason": "ThrottlingException"}


def test_the_names_of_a_condition_are_found_also_within_parentheses() -> None:
    sent: dict[str, Any] = calls.conditioned("(#entry = :entry) OR attribute_not_exists(#pk)", {"entry": "a"}, ["ttl"])
    assert sent == {
        "ConditionExpression": "(#entry = :entry) OR attribute_not_exists(#pk)",
        "ExpressionAttributeNames": {"#entry": "entry", "#pk": "pk", "#ttl": "ttl"},
        "ExpressionAttributeValues": {":entry": {"S": "a"}},
    }
