"""Events and contexts as API Gateway and Lambda make them."""

import base64
from dataclasses import dataclass
from typing import Any

from billing.http.request import HttpEvent

REQUEST_ID = "JKJaXmPLvHcESHA="


@dataclass(frozen=True)
class FakeContext:
    """The context object of an invocation."""

    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    remaining: int = 10_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def http_event(
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    *,
    encoded: bool = False,
    claims: dict[str, Any] | None = None,
    query: dict[str, str] | None = None,
) -> HttpEvent:
    """A payload 2.0 request; `encoded` sends the body in base64, as API Gateway does for content that is not text."""
    event: HttpEvent = {
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {"requestId": REQUEST_ID, "http": {"method": "POST", "path": "/"}},
        "isBase64Encoded": encoded,
    }
    if claims is not None:
        event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    if query is not None:
        event["queryStringParameters"] = query
    if body is not None:
        raw = body if isinstance(body, bytes) else body.encode()
        event["body"] = base64.b64encode(raw).decode() if encoded else raw.decode("utf-8", "surrogateescape")
    return event
