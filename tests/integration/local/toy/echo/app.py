"""Answers the event it got, or does what the test asks for by the query string."""

import json
import os
import sys
import time
from pathlib import Path

import shared  # type: ignore[import-not-found]  # a layer, on the path only inside the worker

CALLS: list[object] = []


def lambda_handler(event, context):
    CALLS.append(event)
    if "requestContext" not in event:
        return {"event": event, "time": time.time()}
    wish = event.get("queryStringParameters", {}).get("wish", "")
    return WISHES.get(wish, _echo)(event, context)


def _echo(event, context):
    body = {
        "event": event,
        "environment": dict(os.environ),
        "path": sys.path,
        "cwd": str(Path.cwd()),
        "pid": os.getpid(),
        "calls": len(CALLS),
        "shared": shared.VERSION,
        "context": {
            "requestId": context.aws_request_id,
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "remaining": context.get_remaining_time_in_millis(),
        },
    }
    return {"statusCode": 200, "headers": {"content-type": "application/json", "x-toy": "1"}, "body": json.dumps(body)}


def _crash(event, context):
    raise ValueError("no such thing")


def _slow(event, context):
    time.sleep(float(event["queryStringParameters"]["seconds"]))
    return {"pid": os.getpid()}


def _log(event, context):
    print("a line of the handler")
    return {"statusCode": 200}


WISHES = {
    "crash": _crash,
    "exit": lambda event, context: os._exit(7),
    "slow": _slow,
    "inferred": lambda event, context: {"plain": True},
    "text": lambda event, context: "just text",
    "binary": lambda event, context: {"statusCode": 201, "body": "AP/+", "isBase64Encoded": True},
    "cookies": lambda event, context: {"statusCode": 204, "cookies": ["a=1; Path=/", "b=2"]},
    "malformed": lambda event, context: {"statusCode": 200, "body": {"not": "text"}},
    "unserialisable": lambda event, context: {"statusCode": 200, "body": {1, 2}},
    "large": lambda event, context: {"statusCode": 200, "body": "x" * int(event["queryStringParameters"]["bytes"])},
    "log": _log,
    "cors": lambda event, context: {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "http://evil"}},
}
