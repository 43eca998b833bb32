"""Which accounts are due?"""

import os
from datetime import UTC, datetime
from typing import Any

import boto3

table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    due = 0
    for shard in "01234567":
        found = table.query(
            TableName=os.environ["ACCOUNTS_TABLE"],
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at < :now",
            ExpressionAttributeValues={":shard": {"S": shard}, ":now": {"S": datetime.now(UTC).isoformat()}},
        )
        due += len(found["Items"])
    return {"due": due}
