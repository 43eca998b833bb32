"""Walking over tables: page by page, so that memory stays the same however many there are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb.items import Attributes, account_key, attributes
from billing.domain.ids import USER_ID, UserId
from billing.errors import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ACCOUNT = account_key(UserId(""))


def users(client: "DynamoDBClient", table: str) -> Iterator[UserId]:
    """Everybody who has an account, in no order. One who comes meanwhile may be missed."""
    for item in items(client, table, _ACCOUNT, ("pk",)):
        yield UserId(item["pk"]["S"].removeprefix(_ACCOUNT))


def users_of_ledger(client: "DynamoDBClient", table: str) -> Iterator[UserId]:
    """Everybody who has an entry. A scan has all of a user's entries in a row: it goes by the partition key."""
    last = None
    for page in client.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression="#user",
        ExpressionAttributeNames={"#user": "user"},
        ConsistentRead=True,
    ):
        for item in page["Items"]:
            if item["user"]["S"] != last:
                last = item["user"]["S"]
                yield UserId(last)


def items(client: "DynamoDBClient", table: str, prefix: str, only: tuple[str, ...] = ()) -> Iterator[Attributes]:
    """Items of the accounts table whose key begins so; `only` these attributes of them, or all."""
    wanted: dict[str, Any] = {"ProjectionExpression": ", ".join(f"#{name}" for name in only)} if only else {}
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="begins_with(#pk, :prefix)",
        ExpressionAttributeNames={f"#{name}": name for name in {"pk", *only}},
        ExpressionAttributeValues=attributes({":prefix": prefix}),
        ConsistentRead=True,
        **wanted,
    )
    for page in pages:
        yield from page["Items"]


def user_id(text: str) -> UserId:
    """A user id as it was typed. Raises InvalidRequest."""
    if USER_ID.fullmatch(text) is None:
        raise InvalidRequest(f"{text!r} is no user id")
    return UserId(text)
