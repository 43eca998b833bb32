"""Clients of AWS, built in one place: explicit timeouts, so that no call outlives the function that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
"""boto3 waits 60 seconds by default, and tries five times."""


def dynamodb_client() -> DynamoDBClient:
    """A client of DynamoDB."""
    return boto3.client("dynamodb", config=_CONFIG)


def sqs_client() -> SQSClient:
    """A client of SQS."""
    return boto3.client("sqs", config=_CONFIG)


def secrets_client() -> SecretsManagerClient:
    """A client of Secrets Manager."""
    return boto3.client("secretsmanager", config=_CONFIG)
