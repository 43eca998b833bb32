"""Keeps the last event of each schedule."""

import json
import os

import boto3


def lambda_handler(event, context):
    key = "tick#input" if event.get("mine") else "tick#standard"
    boto3.client("dynamodb").update_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": key}},
        UpdateExpression="ADD seen :one SET last_event = :event",
        ExpressionAttributeValues={":one": {"N": "1"}, ":event": {"S": json.dumps(event)}},
    )
