"""Turn what a function returned into an HTTP response.

"Lambda function response for format 2.0" in
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HttpReply:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, text: str) -> HttpReply:
    """An answer of the gateway itself: `{"message": "Not Found"}`."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return HttpReply(status, (("content-type", "application/json"),), body)


INTERNAL_ERROR = message(500, "Internal Server Error")


def reply_from(payload: str) -> HttpReply:
    """Without a `statusCode` the whole value is the body of a 200; a shape the gateway cannot send is its 500."""
    result = json.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json.dumps(result)
        return HttpReply(200, (("content-type", "application/json"),), body.encode())
    try:
        return _from_response(result)
    except (TypeError, ValueError, binascii.Error):
        return INTERNAL_ERROR


def _from_response(result: dict[str, Any]) -> HttpReply:
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"status {status}")
    headers = [(str(key).lower(), _header_value(value)) for key, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or []]
    body = result.get("body")
    if body is None:
        data = b""
    elif not isinstance(body, str):
        raise TypeError("body must be a string")
    elif result.get("isBase64Encoded"):
        data = base64.b64decode(body, validate=True)
    else:
        data = body.encode()
    if not any(key == "content-type" for key, _ in headers):
        headers.append(("content-type", "text/plain;charset=utf-8"))
    return HttpReply(status, tuple(headers), data)


def _header_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TypeError("a header must be a string, number or boolean")
