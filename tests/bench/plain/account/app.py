"""One item, as JSON."""

import json
import os
from typing import Any

import boto3

table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    found = table.get_item(TableName=os.environ["ACCOUNTS_TABLE"], Key={"pk": {"S": f"ACCOUNT#{user}"}})
    item = found.get("Item", {})
    return {"statusCode": 200, "body": json.dumps({name: str(value) for name, value in item.items()})}
