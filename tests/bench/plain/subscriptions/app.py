"""The customer's portal."""

import json
import os
from typing import Any

import boto3
import stripe

client = stripe.StripeClient(os.environ["PLAIN_STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    found = table.get_item(TableName=os.environ["ACCOUNTS_TABLE"], Key={"pk": {"S": f"ACCOUNT#{user}"}})
    customer = found["Item"]["customers"]["L"][0]["S"]
    session = client.v1.billing_portal.sessions.create(
        {"customer": customer, "return_url": "https://example.com/account"}
    )
    return {"statusCode": 201, "body": json.dumps({"url": session.url})}
