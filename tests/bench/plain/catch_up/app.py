"""Stripe's latest events, and which of them are known."""

import os
from typing import Any

import boto3
import stripe

client = stripe.StripeClient(os.environ["PLAIN_STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
table = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    events = client.v1.events.list({"limit": 100}).data
    keys = [{"id": {"S": each.id}} for each in events]
    found = table.batch_get_item(RequestItems={os.environ["EVENTS_TABLE"]: {"Keys": keys}}) if keys else None
    return {"known": len(found["Responses"][os.environ["EVENTS_TABLE"]]) if found else 0}
