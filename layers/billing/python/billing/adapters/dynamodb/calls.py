"""Calls of DynamoDB, with its errors turned into ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from billing.adapters.dynamodb.items import Attributes, attributes
from billing.errors import MalformedObject, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_AT_ONCE = 100
_UNPROCESSED_ROUNDS = 5
_LOST_RACE = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_NEVER_WRITTEN = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
"""Reasons of a canceled transaction that trying again can't mend, such as an item of over 400 KB."""


class Refused(Exception):
    """A conditioned write that did not happen; `reasons` are the codes of its items, in the order of the items.

    The codes are those of CancellationReasons: None, ConditionalCheckFailed, TransactionConflict
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def get(client: DynamoDBClient, table: str, key: str) -> Attributes | None:
    """Read one item of the accounts table, consistently."""
    return get_item(client, table, {"pk": key})


def get_item(client: DynamoDBClient, table: str, key: Mapping[str, str]) -> Attributes | None:
    """Read one item of any table by all attributes of its key, consistently."""
    try:
        answer = client.get_item(TableName=table, Key=attributes(key), ConsistentRead=True)
    except (ClientError, BotoCoreError) as error:
        raise translated(error) from error
    return answer.get("Item")


def query(client: DynamoDBClient, table: str, condition: str, values: Mapping[str, object], **asked: Any) -> Any:
    """One page of a query, as DynamoDB answers it: `Items`, and `LastEvaluatedKey` where there is more.

    `condition` names attributes and values as in `put`; `asked` are further parameters of the call.
    """
    try:
        return client.query(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in _named(condition)},
            ExpressionAttributeValues=attributes({f":{name}": value for name, value in values.items()}),
            **asked,
        )
    except (ClientError, BotoCoreError) as error:
        raise translated(error) from error


def get_all(
    client: DynamoDBClient, table: str, keys: Collection[str], name: str = "pk", only: Collection[str] = ()
) -> dict[str, Attributes]:
    """Read items by key, consistently; the ones that exist. `name` is the key's attribute, `only` what is shown."""
    found: dict[str, Attributes] = {}
    shown = _projection(only)
    ordered = sorted(set(keys))  # a burst names its order in every event, and DynamoDB refuses a key given twice
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        wanted = [attributes({name: key}) for key in ordered[start : start + _KEYS_AT_ONCE]]
        for _ in range(_UNPROCESSED_ROUNDS):
            asked: Any = {"Keys": wanted, "ConsistentRead": True, **shown}
            try:
                answer = client.batch_get_item(RequestItems={table: asked})
            except (ClientError, BotoCoreError) as error:
                raise translated(error) from error
            found.update({item[name]["S"]: item for item in answer["Responses"].get(table, [])})
            left: Any = answer.get("UnprocessedKeys", {})
            if table not in left:
                break
            wanted = left[table]["Keys"]
        else:
            raise StoreUnavailable("DynamoDB left keys of a batch unprocessed")
    return found


def write(client: DynamoDBClient, items: Sequence[Any]) -> None:
    """Write all items or none; raise Refused when a condition did not hold or another transaction was in the way."""
    try:
        client.transact_write_items(TransactItems=items)
    except (ClientError, BotoCoreError) as error:
        reasons = _reasons(error)
        if not _NEVER_WRITTEN.isdisjoint(reasons):
            raise MalformedObject("DynamoDB refused an item of a transaction", reason=", ".join(reasons)) from error
        if not _LOST_RACE.isdisjoint(reasons):
            raise Refused(reasons) from error
        raise translated(error) from error


def put(table: str, item: Attributes, condition: str = "", **values: object) -> dict[str, Any]:
    """A conditioned put of a transaction. In `condition`, `#name` names an attribute and `:name` a value."""
    return {"Put": {"TableName": table, "Item": item, **conditioned(condition, values)}}


def conditioned(condition: str, values: dict[str, object], names: Collection[str] = ()) -> dict[str, Any]:
    """The condition's part of a write, with every attribute name behind a placeholder (DynamoDB reserves many
    words).
    """
    used = _named(condition).union(names)
    part: dict[str, Any] = {}
    if condition:
        part["ConditionExpression"] = condition
    if used:
        part["ExpressionAttributeNames"] = {f"#{name}": name for name in used}
    if values:
        part["ExpressionAttributeValues"] = attributes({f":{name}": value for name, value in values.items()})
    return part


def _projection(only: Collection[str]) -> Any:
    if not only:
        return {}
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in only),
        "ExpressionAttributeNames": {f"#{name}": name for name in only},
    }


@cache
def _named(condition: str) -> frozenset[str]:
    """The attributes that a condition names. There are few conditions, and each is written with every account."""
    words = condition.replace("(", " ").replace(")", " ").split()
    return frozenset(word[1:] for word in words if word[0] == "#")


def _reasons(error: Exception) -> list[str]:
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] != "TransactionCanceledException":
        return []
    given: Any = error.response.get("CancellationReasons", [])
    return [str(reason.get("Code", "None")) for reason in given]


def translated(error: Exception) -> StoreUnavailable | MalformedObject:
    """Our error for one of the SDK: what may pass is retryable, what DynamoDB or the SDK calls invalid is not."""
    if isinstance(error, ParamValidationError):
        return MalformedObject("the SDK refused a request to DynamoDB", reason=type(error).__name__)
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationException":
        return MalformedObject("DynamoDB refused an item or a condition", reason=error.response["Error"]["Message"])
    if isinstance(error, ClientError):
        return StoreUnavailable("DynamoDB refused or throttled the call", reason=error.response["Error"]["Code"])
    return StoreUnavailable("DynamoDB did not answer", reason=type(error).__name__)
