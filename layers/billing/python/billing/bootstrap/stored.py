"""What every function that reads accounts is built of. No Stripe here: a function that only reads must not load it."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from billing.adapters.aws_client import dynamodb_client
from billing.config import Policy
from billing.domain.entitlement import AccessPolicy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client of this process."""
    return dynamodb_client()


def access_policy(policy: Policy) -> AccessPolicy:
    """The configured access policy, as the domain has it."""
    return AccessPolicy(policy.levels, timedelta(days=policy.past_due_grace_days), policy.trial_credits)
