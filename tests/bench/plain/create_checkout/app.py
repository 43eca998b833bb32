"""A customer, a session, and the order written down."""

import json
import os
from typing import Any

import boto3
import stripe

client = stripe.StripeClient(os.environ["PLAIN_STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
table = boto3.client("dynamodb")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    key = json.loads(event["body"])["lookupKey"]
    price = client.v1.prices.list({"lookup_keys": [key]}).data[0]
    customer = client.v1.customers.create({"email": claims["email"]})
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://example.com/done",
        }
    )
    item = {"pk": {"S": f"PLAIN#{session.id}"}, "user": {"S": claims["sub"]}, "price": {"S": price.id}}
    table.put_item(TableName=os.environ["ACCOUNTS_TABLE"], Item=item)
    return {"statusCode": 201, "body": json.dumps({"url": session.url})}
