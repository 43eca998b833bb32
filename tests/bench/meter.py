"""Stands between functions and the services of the local system, passes everything on, and writes down what was asked.

What is counted is HTTP requests as they leave the function: retries of an SDK, a token or a page that it fetches by
itself are among them.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_HOP = frozenset({"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"})


@dataclass(frozen=True)
class Request:
    """One HTTP request of a function."""

    service: str
    operation: str
    """AWS's name of the operation, or the method and path."""
    body: bytes
    status: int
    commands: int = 0
    """Of Redis: a pipeline has several."""
    read_units: float = 0
    write_units: int = 0
    """Of DynamoDB, with those of indexes."""
    told: int = 0
    """Writes that a pipe tells of."""
    largest: int = 0
    """Bytes of the largest item that was written."""


@dataclass
class Meter:
    """What was asked so far."""

    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def mark(self) -> int:
        return len(self.requests)

    def since(self, mark: int) -> list[Request]:
        return self.requests[mark:]


Note = Callable[[str, bytes, Callable[[], bytes]], dict[str, Any]]


@contextmanager
def measured(meter: Meter, service: str, upstream: str, note: Note | None = None) -> Iterator[str]:
    """Serve on a free port what is at `upstream`; give the address.

    `note` is given an operation, its body, and what passes it on; it returns what else is to be noted of the request.
    """
    server = _Server(meter, service, upstream.removeprefix("http://"), note)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that ends resets its connections; anything else is a mistake of the meter's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def __init__(self, meter: Meter, service: str, upstream: str, note: Note | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.meter = meter
        self.service = service
        self.upstream = upstream
        self.note = note or _commands


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._pass_on()

    do_POST = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        target = self.headers.get("x-amz-target", "")
        operation = target.rpartition(".")[2] or f"{self.command} {self.path.partition('?')[0]}"
        answers: list[tuple[int, list[tuple[str, str]], bytes]] = []

        def go() -> bytes:
            answers.append(self._asked(body))
            return answers[-1][2]

        noted = self.server.note(operation, body, go)
        status, headers, answer = answers[-1]
        self.server.meter.add(Request(self.server.service, operation, body, status, **noted))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            return answer.status, kept, answer.read()
        finally:
            upstream.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """What is asked is written down by the meter."""


def _commands(operation: str, body: bytes, go: Callable[[], bytes]) -> dict[str, Any]:
    """Redis: one command, or a pipeline of some."""
    go()
    if operation in ("POST /pipeline", "POST /multi-exec"):
        return {"commands": len(json.loads(body))}
    return {"commands": 1} if operation == "POST /" and body.startswith(b"[") else {}
