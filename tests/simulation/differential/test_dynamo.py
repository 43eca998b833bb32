"""DynamoDB in memory against moto, request by request: the same answers, refusals with their reasons, and items.

Where the two differ on purpose, the simulation keeps to AWS:

- An update that only takes away makes no item where there is none (https://github.com/scylladb/scylladb/issues/5862,
  tried on DynamoDB), and does not mind that a nested path leads nowhere there. moto makes one, or refuses.
- What no item can make right by its state (an update that does not fit it) cancels a transaction with a reason
  (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html). moto refuses the whole.
- A page that `Limit` ended has a key to go on from. moto gives one only where something follows.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from local.aws import answers
from tests.simulation.differential.requests import ACCOUNTS, DEFINITIONS, LEDGER, Requests
from tests.simulation.stores.attributes import Attributes, kept
from tests.simulation.stores.dynamo import Dynamo

SEEDS = range(10)
REQUESTS = 520
LOOK_EVERY = 20

Answer = tuple[str, Any]


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    answers.install()
    with mock_aws():
        yield boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def pair(moto: Any) -> tuple[Any, Dynamo]:
    """Both, with empty tables."""
    for definition in DEFINITIONS:
        if definition["TableName"] in moto.list_tables()["TableNames"]:
            moto.delete_table(TableName=definition["TableName"])
        moto.create_table(**definition)
    return moto, Dynamo(DEFINITIONS, guard=True)


def answer(client: Any, call: str, request: dict[str, Any]) -> Answer:
    """What a client answers, in words that both have."""
    try:
        given = getattr(client, call)(**copy.deepcopy(request))
    except ClientError as error:
        reasons = [reason["Code"] for reason in error.response.get("CancellationReasons", [])]
        return error.response["Error"]["Code"], reasons
    if call == "batch_get_item":
        assert given["UnprocessedKeys"] == {}
        return "answered", {table: in_no_order(items) for table, items in given["Responses"].items()}
    if "Items" in given:
        items = [kept(item)[0] for item in given["Items"]]
        ordered = "IndexName" not in request and call == "query"
        return "answered", (given["Count"], items if ordered else in_no_order(items))
    return "answered", kept(given["Item"])[0] if "Item" in given else None


def in_no_order(items: list[Attributes]) -> list[Attributes]:
    return sorted((kept(item)[0] for item in items), key=repr)


def everything(client: Any) -> dict[str, list[Attributes]]:
    return {name: in_no_order(client.scan(TableName=name, ConsistentRead=True)["Items"]) for name in (ACCOUNTS, LEDGER)}


def updates(call: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The updates in a request that only take away."""
    asked = (
        [request] if call == "update_item" else [i["Update"] for i in request.get("TransactItems", ()) if "Update" in i]
    )
    return [each for each in asked if not {"SET", "ADD"} & set(each["UpdateExpression"].split())]


def missing(ours: Dynamo, takes_away: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = [{"TableName": each["TableName"], "Key": each["Key"]} for each in takes_away]
    return [key for key in keys if "Item" not in ours.get_item(**key, ConsistentRead=True)]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_request_is_answered_as_moto_answers_it(pair: tuple[Any, Dynamo], seed: int) -> None:
    moto, ours = pair
    requests, seen = Requests(seed), Counter[tuple[str, str]]()
    for number in range(REQUESTS):
        call, request = requests.next()
        absent = missing(ours, updates(call, request))
        theirs, own = answer(moto, call, request), answer(ours, call, request)
        seen[call, own[0]] += 1
        if absent and theirs[0] in ("answered", "ValidationException"):  # see above: items that moto makes, or refuses
            if theirs[0] == "ValidationException":
                carry_over(ours, moto)
                continue
            for key in absent:
                moto.delete_item(**key)
        if own[0] == "TransactionCanceledException" and "ValidationError" in own[1]:
            own = ("ValidationException", [])
        assert own == theirs, f"request {number}: {call}({request})"
        if number % LOOK_EVERY == 0:
            assert everything(ours) == everything(moto), f"after request {number}"
    assert everything(ours) == everything(moto)
    assert {call for call, outcome in seen if outcome == "answered"} == CALLS
    assert seen["transact_write_items", "answered"] > 20
    assert seen["transact_write_items", "TransactionCanceledException"] > 20


CALLS = {
    "batch_get_item",
    "delete_item",
    "get_item",
    "put_item",
    "query",
    "scan",
    "transact_write_items",
    "update_item",
}


def carry_over(ours: Dynamo, moto: Any) -> None:
    """Make moto's tables what ours are."""
    for definition in DEFINITIONS:
        name, keys = definition["TableName"], [each["AttributeName"] for each in definition["KeySchema"]]
        for item in moto.scan(TableName=name)["Items"]:
            moto.delete_item(TableName=name, Key={key: item[key] for key in keys})
        for item in ours.items(name):
            moto.put_item(TableName=name, Item=item)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_end_with_the_same_item_in_either_direction(pair: tuple[Any, Dynamo], limit: int, forward: bool) -> None:
    for client in pair:
        for number in (3, 1, 4, 0, 2):
            client.put_item(TableName=LEDGER, Item={"user": {"S": "u"}, "entry": {"S": f"{number}"}})
    walked = [list(walk(client, limit, forward=forward)) for client in pair]
    assert [item for page in walked[0] for item in page] == [item for page in walked[1] for item in page]
    assert walked[1][: len(walked[0])] == walked[0]
    assert [page for page in walked[1][len(walked[0]) :] if page] == []


def walk(client: Any, limit: int, *, forward: bool) -> Iterator[list[str]]:
    more: dict[str, Any] = {}
    while True:
        page = client.query(
            TableName=LEDGER,
            KeyConditionExpression="#user = :user",
            ExpressionAttributeNames={"#user": "user"},
            ExpressionAttributeValues={":user": {"S": "u"}},
            ScanIndexForward=forward,
            Limit=limit,
            **more,
        )
        yield [item["entry"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
