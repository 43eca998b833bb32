"""Clients of AWS, built in one place: explicit timeouts, so that no call outlives the function that makes it.

Made by botocore itself: what boto3 adds (resources, transfers to S3) is not used here, and costs the webhook a sixth
of its AWS start-up. boto3's clients are these very objects.
"""

from __future__ import annotations

import random
import time
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import HTTPClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# botocore's own user agent names Python and the system, and is built anew twice for each request: a tenth of the
# processor time of a webhook (botocore/useragent.py, measured by docs/bench.md).
_USER_AGENT = "plumbline"

# botocore waits 60 seconds by default, and tries up to five times.
_CONFIG = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3}, user_agent=_USER_AGENT
)
_EDGE_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}, user_agent=_USER_AGENT
)
"""Of what the webhook calls: Stripe waits for its answer, and gives it ten seconds."""

_LONGEST_PAUSE_SECONDS = 0.2
_FIRST_ERROR = 301
"""Every lower status is a success to botocore (`_do_parse` or `_do_error_parse`, in its parsers.py)."""


def dynamodb_client() -> DynamoDBClient:
    """A client of DynamoDB."""
    client = cast("DynamoDBClient", _session().create_client("dynamodb", config=_CONFIG))
    client.meta.events.register("before-parse.dynamodb", _only_objects)
    client.meta.events.register("after-call.dynamodb.BatchGetItem", _pause_before_the_rest)
    return client


def sqs_client() -> SQSClient:
    """A client of SQS."""
    return cast("SQSClient", _session().create_client("sqs", config=_EDGE_CONFIG))


def secrets_client() -> SecretsManagerClient:
    """A client of Secrets Manager."""
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_EDGE_CONFIG))


def _only_objects(response_dict: dict[str, Any], **_: object) -> None:
    """Refuse a success that is no JSON object, which each of DynamoDB's is: something else has answered in its place.

    botocore takes an empty body, or a page, for an object without members (`_parse_body_as_json` in its parsers.py).
    A write would pass for done, and an account for one that there is not.
    """
    body: bytes = response_dict["body"].strip()
    if response_dict["status_code"] < _FIRST_ERROR and not (body.startswith(b"{") and body.endswith(b"}")):
        raise HTTPClientError(error="a success without a JSON object")


def _pause_before_the_rest(parsed: dict[str, Any], **_: object) -> None:
    """Let time pass where DynamoDB left keys of a batch unread, which is throttling as a rule: who asks for them again
    at once is most likely refused again (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
    API_BatchGetItem.html). The SDK's own retries take such an answer for a success, and do not wait.
    """
    if parsed.get("UnprocessedKeys"):
        time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311  no secret


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
