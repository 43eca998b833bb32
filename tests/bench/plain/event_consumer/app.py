"""For each event: is it new, and what does Stripe say of its customer?"""

import json
import os
from typing import Any

import boto3
import stripe

client = stripe.StripeClient(os.environ["PLAIN_STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    for record in event["Records"]:
        told = json.loads(record["body"])
        table.put_item(
            TableName=os.environ["EVENTS_TABLE"],
            Item={"id": {"S": f"plain_{told['id']}"}, "type": {"S": told["type"]}},
            ConditionExpression="attribute_not_exists(id)",
        )
        found = client.v1.subscriptions.list({"customer": told["customer"], "status": "all"})
        table.update_item(
            TableName=os.environ["ACCOUNTS_TABLE"],
            Key={"pk": {"S": f"PLAIN#{told['customer']}"}},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": found.data[0].status if found.data else "none"}},
        )
    return {"batchItemFailures": []}
