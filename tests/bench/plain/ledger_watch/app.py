"""Print what was changed."""

import json
from typing import Any


def lambda_handler(event: Any, context: Any) -> None:
    for record in event["Records"]:
        if record["eventName"] != "INSERT":
            print(json.dumps({"message": "changed", "keys": record["dynamodb"]["Keys"]}))
