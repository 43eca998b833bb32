"""The one place that builds the official Upstash client.

Its defaults do not fit a function (upstash-redis 1.8.0, `http.py`): `httpx.Client(timeout=None)` waits without end,
one retry sleeps for three seconds, telemetry headers name our platform. And it never looks at the status code: an
HTML page of a proxy, a redirect and an answer are all `response.json()`. There is no public way to hand in an httpx
client, so the one inside is told its timeouts, and to take no answer but 200 for one. (A second client would cost
another TLS context, 20 ms of start-up.)
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from upstash_redis import Redis

from billing.errors import Misconfigured

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def open_redis(url: str, token: str, timeout: float) -> Redis:
    """Build a client for this database, or raise `Misconfigured`; `timeout` is for each phase, in seconds."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # "https://[", a port that is none: the parser's error would quote the secret
        parts = urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or "@" in parts.netloc or parts.path.rstrip("/") or parts.query:
        raise Misconfigured("the Upstash URL must be an https origin", secret="UPSTASH_SECRET")  # noqa: S106  a name
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured("the Upstash token is empty or malformed", secret="UPSTASH_SECRET")  # noqa: S106  a name
    redis = Redis(
        url=f"{parts.scheme}://{parts.netloc}",
        token=token,
        rest_encoding=None,  # our values are ASCII: base64 would only be one more thing to go wrong
        rest_retries=0,  # a retried command may run twice, and the budget has no room for it
        allow_telemetry=False,
        read_your_writes=False,  # that is for one client's own writes; here writer and reader are two
    )
    inner = redis._http._client  # noqa: SLF001  see the module's docstring
    inner.timeout = httpx.Timeout(timeout)
    inner.event_hooks = {"response": [_only_200]}
    return redis


def _only_200(response: httpx.Response) -> None:
    """Refuse every other answer, redirects among them: the token must not travel to where one points (S26)."""
    if response.status_code != 200:
        raise httpx.HTTPStatusError(f"status {response.status_code}", request=response.request, response=response)
