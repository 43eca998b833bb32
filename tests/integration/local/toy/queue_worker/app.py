"""Counts each body in the table, and fails where a body says so."""

import json
import os
import time

import boto3

TABLE = boto3.client("dynamodb")


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        wish = json.loads(record["body"])
        if wish.get("slow"):
            time.sleep(wish["slow"])
        _count(f"seen#{wish['name']}", record)
        if wish.get("do") == "raise":
            raise RuntimeError("whole batch")
        if wish.get("do") == "fail":
            failures.append({"itemIdentifier": record["messageId"]})
        if wish.get("do") == "malformed":
            return {"batchItemFailures": [{"itemIdentifier": ""}]}
    return {"batchItemFailures": failures}


def _count(key, record):
    TABLE.update_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": key}},
        UpdateExpression="ADD seen :one SET last_record = :record",
        ExpressionAttributeValues={":one": {"N": "1"}, ":record": {"S": json.dumps(record)}},
    )
