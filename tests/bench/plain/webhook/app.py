"""A signature by hand, one look at Redis, one message."""

import hashlib
import hmac
import json
import os
import time
from typing import Any

import boto3
from upstash_redis import Redis

SECRET = os.environ["PLAIN_WEBHOOK_SECRET"].encode()
QUEUE = os.environ["EVENTS_QUEUE_URL"]
redis = Redis(url=os.environ["PLAIN_REDIS_URL"], token=os.environ["PLAIN_REDIS_TOKEN"])
sqs = boto3.client("sqs")


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    body = event["body"]
    given = dict(part.split("=", 1) for part in event["headers"]["stripe-signature"].split(","))
    wanted = hmac.new(SECRET, f"{given['t']}.{body}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, given["v1"]) or abs(time.time() - int(given["t"])) > 300:
        return {"statusCode": 400, "body": "{}"}
    told = json.loads(body)
    if redis.get(f"done:{told['id']}") is None:
        sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps({"id": told["id"], "type": told["type"]}))
    return {"statusCode": 200, "body": "{}"}
