"""Take credits if there are enough."""

import json
import os
from typing import Any

import boto3

table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    asked = json.loads(event["body"])
    found = table.update_item(
        TableName=os.environ["ACCOUNTS_TABLE"],
        Key={"pk": {"S": f"PLAIN#{asked['userId']}#{context.aws_request_id}"}},
        UpdateExpression="ADD balance :less",
        ConditionExpression="attribute_not_exists(balance) OR balance >= :amount",
        ExpressionAttributeValues={":less": {"N": str(-asked["amount"])}, ":amount": {"N": str(asked["amount"])}},
        ReturnValues="UPDATED_NEW",
    )
    return {"statusCode": 200, "body": json.dumps({"balance": found["Attributes"]["balance"]["N"]})}
