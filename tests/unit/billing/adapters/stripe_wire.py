"""One call of the SDK against a server that answers what a test wants: what came of it, and what went over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.unit.billing.adapters.http_servers import answer, bad_server


def refusal(**error: Any) -> Callable[[Any], None]:
    body = {"error": {"type": "invalid_request_error", "message": "No."} | error}
    return answer(json.dumps(body), "400 Bad Request")


def exchanged(reply: dict[str, Any] | Callable[[Any], None], ask: Callable[[str], Any]) -> tuple[Any, bytes]:
    """What came of a call, and the one request that it made."""
    play = answer(json.dumps(reply)) if isinstance(reply, dict) else reply
    with bad_server(play) as server:
        try:
            result: Any = ask(server.url)
        except Exception as error:  # noqa: BLE001  the test looks at it
            result = error
    (request,) = server.received
    return result, request


def sent(request: bytes) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(request.split(b"\r\n\r\n", 1)[1].decode()).items()}
