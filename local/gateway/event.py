"""Events in payload format version 2.0, as a function behind an HTTP API receives them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.gateway.routing import Match
from local.template.names import ACCOUNT_ID

_TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}


@dataclass(frozen=True)
class HttpRequest:
    """What came over the wire."""

    method: str
    raw_path: str
    """Still percent-encoded."""
    raw_query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


def build_event(request: HttpRequest, match: Match, api_id: str, claims: Mapping[str, Any] | None) -> dict[str, Any]:
    """`claims` are the verified claims of the token on a route with an authorizer, None elsewhere."""
    headers = combine_headers(request.headers) | _added_headers(request)
    domain = headers.get("host", "localhost")
    moment = time.time()
    context: dict[str, Any] = {
        "accountId": ACCOUNT_ID,
        "apiId": api_id,
        "domainName": domain,
        "domainPrefix": domain.split(".")[0].split(":")[0],
        "http": {
            "method": request.method,
            "path": unquote(request.raw_path),
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:15] + "=",
        "routeKey": match.route.key,
        "stage": "$default",
        "time": datetime.fromtimestamp(moment, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(moment * 1000),
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims_as_text(claims), "scopes": list(match.route.scopes) or None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": unquote(request.raw_path),
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    cookies = [value for key, value in request.headers if key.lower() == "cookie"]
    if cookies:
        event["cookies"] = [cookie.strip() for value in cookies for cookie in value.split(";") if cookie.strip()]
        del headers["cookie"]
    if request.raw_query:
        event["queryStringParameters"] = _joined(parse_qsl(request.raw_query, keep_blank_values=True))
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = encode_body(request.body, headers.get("content-type"))
    return event


def _added_headers(request: HttpRequest) -> dict[str, str]:
    """What the gateway adds to a request on its way; a client's own X-Forwarded-For is kept in front."""
    known = [value for key, value in request.headers if key.lower() == "x-forwarded-for"]
    host = request.header("host") or ""
    return {
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}",
        "x-forwarded-for": ", ".join([*known, request.source_ip]),
        "x-forwarded-port": host.rpartition(":")[2] if ":" in host else "80",
        "x-forwarded-proto": "http",
    }


def combine_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in lower case, repeated ones joined by commas."""
    return _joined((key.lower(), value) for key, value in headers)


def encode_body(body: bytes, content_type: str | None) -> tuple[str, bool]:
    """Text for text types, base64 for all else, also for a missing type and for form posts.

    AWS does not list the types; somebody measured them on the real service
    (https://github.com/ministackorg/ministack/pull/766): `text/*`, and JSON, XML and JavaScript of `application/`. What
    becomes of bytes in a text type that are no UTF-8 is documented nowhere. An event is JSON, so they cannot arrive as
    they are: we replace them, which makes a signature over such a body fail.
    """
    mime = (content_type or "").split(";")[0].strip().lower()
    if mime.startswith("text/") or mime in _TEXT_TYPES:
        return body.decode("utf-8", "replace"), False
    return base64.b64encode(body).decode("ascii"), True


def claims_as_text(claims: Mapping[str, Any]) -> dict[str, str]:
    """Every claim as a string: numbers in digits, booleans in lower case, lists as `[a b]`.

    That is how the functions of an HTTP API see them, unlike the JSON in the token: the sample event of the page above
    has only strings, and users report lists as bracketed, space-separated text.
    """
    return {name: _as_text(value) for name, value in claims.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, list):
        return "[" + " ".join(_as_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_as_text(item)}" for key, item in sorted(value.items())) + "]"
    return str(value)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    result: dict[str, str] = {}
    for key, value in pairs:
        result[key] = f"{result[key]},{value}" if key in result else value
    return result
