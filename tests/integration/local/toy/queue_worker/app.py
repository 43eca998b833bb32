"""Counts each body in the table, and fails where a body says so."""

import json
import os
import time
import uuid

import boto3

TABLE = boto3.client("dynamodb")
MYSELF = str(uuid.uuid4())  # one environment has one invocation at a time


def lambda_handler(event, context):
    failures, started = [], time.time()
    for record in event["Records"]:
        wish = json.loads(record["body"])
        if wish.get("meet"):
            _meet(wish["meet"])
        _count(f"seen#{wish['name']}", record)
        if wish.get("do") == "raise":
            raise RuntimeError("whole batch")
        if wish.get("do") == "fail":
            failures.append({"itemIdentifier": record["messageId"]})
        if wish.get("do") == "malformed":
            return {"batchItemFailures": [{"itemIdentifier": ""}]}
    _note_span([json.loads(record["body"])["name"] for record in event["Records"]], started)
    return {"batchItemFailures": failures}


def _meet(key, patience=10):
    """Stay until another invocation has been here as well; once two have met, nobody waits again."""
    deadline = time.monotonic() + patience
    mine = {":me": {"SS": [MYSELF]}}
    while time.monotonic() < deadline:
        came = TABLE.update_item(
            TableName=os.environ["TABLE"],
            Key={"pk": {"S": f"meet#{key}"}},
            UpdateExpression="ADD came :me",
            ExpressionAttributeValues=mine,
            ReturnValues="ALL_NEW",
        )
        if len(came["Attributes"]["came"]["SS"]) > 1:
            return


def _note_span(names, started):
    """Keep from when to when the invocation ran that handled these messages."""
    span = {"L": [{"N": str(started)}, {"N": str(time.time())}]}
    for name in names:
        TABLE.update_item(
            TableName=os.environ["TABLE"],
            Key={"pk": {"S": f"seen#{name}"}},
            UpdateExpression="SET span = :span",
            ExpressionAttributeValues={":span": span},
        )


def _count(key, record):
    TABLE.update_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": key}},
        UpdateExpression="ADD seen :one SET last_record = :record",
        ExpressionAttributeValues={":one": {"N": "1"}, ":record": {"S": json.dumps(record)}},
    )
