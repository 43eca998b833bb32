"""What the services answer instead of an answer: the SDK's own error types, with the services' codes.

Codes and messages as DynamoDB gives them
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"
_MESSAGES = {FAILED: "The conditional request failed", CONFLICT: "Transaction is ongoing for the item"}


class NotSimulated(BaseException):
    """A store was asked for what it does not know.

    No Exception: adapters turn some of those into "no cache" or "try later", and then a run would go on with a store
    that only guesses.
    """


class Invalid(Exception):
    """A request that DynamoDB refuses whatever the items are; the client makes a ClientError of it."""


class Unfit(Exception):
    """An update that does not fit the item as it is: an error alone, a reason in a transaction."""


def refused(code: str, message: str, operation: str, status: int = 400, **more: Any) -> ClientError:
    """The service's answer with an error's code."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, operation)


def invalid(message: str, operation: str) -> ClientError:
    """A request that can never succeed."""
    return refused("ValidationException", message, operation)


def unknown_table(operation: str) -> ClientError:
    """A table that is not there."""
    return refused("ResourceNotFoundException", "Requested resource not found", operation)


def condition_failed(operation: str) -> ClientError:
    """A single write whose condition does not hold."""
    return refused("ConditionalCheckFailedException", _MESSAGES[FAILED], operation)


def canceled(reasons: Sequence[str | None], texts: Sequence[str | None] = ()) -> ClientError:
    """A transaction that wrote nothing; one reason for each of its items, None for those that were not to blame."""
    codes = [reason or "None" for reason in reasons]
    given = [text or _MESSAGES.get(code) for code, text in zip(codes, texts or [None] * len(codes), strict=True)]
    listed = [{"Code": code, **({"Message": text} if text else {})} for code, text in zip(codes, given, strict=True)]
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    name = "TransactionCanceledException"
    return refused(name, message, "TransactWriteItems", Message=message, CancellationReasons=listed)


def conflict(items: int, at: int) -> ClientError:
    """A transaction of so many items that met another one at the item with this index."""
    return canceled([CONFLICT if index == at else None for index in range(items)])


def throttled(operation: str) -> ClientError:
    """A table, or the account, that has had enough."""
    return refused("ThrottlingException", "Rate of requests exceeds the allowed throughput.", operation)


def broken(operation: str) -> ClientError:
    """A failure within the service. A write may have happened all the same."""
    return refused("InternalServerError", "The request processing has failed", operation, 500)


def no_answer(endpoint: str = "https://dynamodb.us-east-1.amazonaws.com") -> ReadTimeoutError:
    """The answer did not come; what was asked for may have happened."""
    return ReadTimeoutError(endpoint_url=endpoint)


def unsent(report: str) -> ParamValidationError:
    """A request that the SDK itself refuses to send."""
    return ParamValidationError(report=report)
