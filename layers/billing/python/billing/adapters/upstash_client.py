"""The one place that builds the official Upstash client.

Its defaults do not fit a function (upstash-redis 1.8.0, `http.py`): `httpx.Client(timeout=None)` waits without end,
one retry sleeps for three seconds, telemetry headers name our platform. And it never looks at the status code: an
HTML page of a proxy, a redirect and an answer are all `response.json()`. There is no public way to hand in an httpx
client, so the one inside is told its timeouts, and to take no answer but 200 for one. (A second client would cost
another TLS context, 20 ms of start-up.)

httpx's timeouts are for each piece that is read, and no size is ever too large for it: an answer without end would
keep its thread and its connection for ever, or fill the memory. So the streams of its connection pool are replaced,
too, by ones that know when and how much the request of their thread may still read. What goes beyond raises where it
is read, and httpcore then closes the connection. Nobody else may close it: a thread that is about to read from a socket
that another thread closes could read from the next one that gets its number (docs/decisions/0044).
"""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from upstash_redis import Redis

from billing.errors import Misconfigured

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})  # see config/environment.py
_LARGEST = 6 * 1024 * 1024
"""Bytes of an answer. The largest value is the catalog, and no more than that could a function answer with
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""


class AnswerTooLarge(httpx.TransportError):
    """Redis answers with more than we could have stored."""


def open_redis(url: str, token: str, timeout: float) -> Redis:
    """Build a client for this database, or raise `Misconfigured`; `timeout` is for each whole request, in seconds."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # "https://[", a port that is none: the parser's error would quote the secret
        parts = urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
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
    inner.headers["Accept-Encoding"] = "identity"
    limits = _Limits(timeout)
    inner.event_hooks = {"request": [limits.begin], "response": [_only_200, _only_as_it_is]}
    transport: Any = inner._transport  # noqa: SLF001  see the module's docstring
    transport._pool._network_backend = _Network(transport._pool._network_backend, limits)  # noqa: SLF001
    return redis


def _only_200(response: httpx.Response) -> None:
    """Refuse every other answer, redirects among them: the token must not travel to where one points (S26)."""
    if response.status_code != 200:
        raise httpx.HTTPStatusError(f"status {response.status_code}", request=response.request, response=response)


def _only_as_it_is(response: httpx.Response) -> None:
    """Refuse what is compressed, for we did not ask for it: what is counted are the bytes on the wire."""
    if "content-encoding" in response.headers:
        raise httpx.DecodingError("the answer is compressed", request=response.request)


class _Limits(threading.local):
    """What the request of this thread may still take: a time, and a number of bytes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self._bytes = 0

    def begin(self, request: httpx.Request) -> None:  # noqa: ARG002  httpx's signature
        """A request begins."""
        self._ends = time.monotonic() + self._seconds
        self._bytes = _LARGEST

    def seconds(self) -> float:
        """Seconds left; raises ReadTimeout when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("the request's time is over")
        return left

    def took(self, size: int) -> None:
        """Count bytes that were read; raises AnswerTooLarge."""
        self._bytes -= size
        if self._bytes < 0:
            raise AnswerTooLarge(f"more than {_LARGEST} bytes")


class _Network:
    """httpcore's NetworkBackend (https://www.encode.io/httpcore/network-backends/), as far as the client uses it."""

    def __init__(self, inner: Any, limits: _Limits) -> None:
        self._inner = inner
        self._limits = limits

    def connect_tcp(self, **named: Any) -> _Stream:
        """Open a connection. Looking the name up is the one thing that no time is set for but the resolver's."""
        return _Stream(self._inner.connect_tcp(**named | {"timeout": self._limits.seconds()}), self._limits)


class _Stream:
    """httpcore's NetworkStream."""

    def __init__(self, inner: Any, limits: _Limits) -> None:
        self._inner = inner
        self._limits = limits
        self.close = inner.close
        self.get_extra_info = inner.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read what has come, within what is left."""
        piece: bytes = self._inner.read(max_bytes, self._limits.seconds())
        self._limits.took(len(piece))
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send it all."""
        self._inner.write(buffer, self._limits.seconds())

    def start_tls(self, **named: Any) -> _Stream:
        """Go on encrypted."""
        return _Stream(self._inner.start_tls(**named | {"timeout": self._limits.seconds()}), self._limits)
