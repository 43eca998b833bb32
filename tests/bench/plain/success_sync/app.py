"""Ask Stripe whether the session is paid, and add its credits."""

import json
import os
from typing import Any

import boto3
import stripe

client = stripe.StripeClient(os.environ["PLAIN_STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    session = client.v1.checkout.sessions.retrieve(json.loads(event["body"])["sessionId"], {"expand": ["line_items"]})
    if session.payment_status == "paid":
        table.update_item(
            TableName=os.environ["ACCOUNTS_TABLE"],
            Key={"pk": {"S": f"PLAIN#{user}"}},
            UpdateExpression="ADD balance :some",
            ExpressionAttributeValues={":some": {"N": "500"}},
        )
    return {"statusCode": 200, "body": json.dumps({"status": session.payment_status})}
