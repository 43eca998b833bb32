"""Boto3 clients for the local AWS, independent of the caller's own AWS settings."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from local.template import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONNECTIONS = 50
"""As many threads may share a client, and each connection that is not kept is a handshake and a thread of moto's."""
KEY_ID = "local"
"""The access key id, and its secret: nobody checks either."""


def sqs_client(url: str) -> "SQSClient":
    client: SQSClient = _client("sqs", url)
    return client


def dynamodb_client(url: str) -> "DynamoDBClient":
    client: DynamoDBClient = _client("dynamodb", url)
    return client


def streams_client(url: str) -> Any:
    return _client("dynamodbstreams", url)


def secrets_client(url: str) -> "SecretsManagerClient":
    client: SecretsManagerClient = _client("secretsmanager", url)
    return client


def lambda_client(url: str) -> Any:
    return _client("lambda", url)


def _client(service: str, url: str) -> Any:
    session = boto3.Session(KEY_ID, KEY_ID, region_name=REGION)
    config = Config(
        connect_timeout=2,
        read_timeout=60,
        retries={"total_max_attempts": 1},
        proxies={},
        max_pool_connections=_CONNECTIONS,
    )
    return session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]
