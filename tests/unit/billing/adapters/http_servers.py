"""Small HTTP servers in threads: the local Upstash stand-in, and one that answers whatever a test wants."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn

from local.upstash.app import RestApi
from local.upstash.redis import RawRedis

TOKEN = "token-of-the-test"


@contextmanager
def upstash() -> Iterator[str]:
    """The stand-in over an empty fakeredis."""
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio sets it on sockets that it has made itself; without it each answer waits 40 ms for the client's ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(RestApi(TOKEN, RawRedis(None)).app(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@dataclass
class BadServer:
    """Hands each connection to `play`, and counts them and the bytes that came."""

    play: Callable[[socket.socket], None]
    received: list[bytes] = field(default_factory=list)
    url: str = ""
    tls: ssl.SSLContext | None = None

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as opened:
                self.received.append(request_of(opened))
                self.play(opened)


def request_of(connection: socket.socket) -> bytes:
    """Read a whole request: a client may send head and body in two pieces."""
    request = connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    while length and len(body) < int(length[1]):
        more = connection.recv(65536)
        if not more:
            break
        request += more
        body += more
    return request


@contextmanager
def bad_server(play: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[BadServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if tls else "http"
    server = BadServer(play, url=f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", tls=tls)
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # closing alone leaves it to whoever waits in `accept`, for good
        listener.close()


def answer(body: bytes | str, status: str = "200 OK", headers: str = "") -> Callable[[socket.socket], None]:
    """Answer with this, whatever was asked."""
    content = body if isinstance(body, bytes) else body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{headers}\r\n"
    return lambda connection: connection.sendall(head.encode("latin-1") + content)


def cut_short(connection: socket.socket) -> None:
    """Promise more than is sent."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"result": "PR')


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang(connection: socket.socket) -> None:
    """Accept and never answer."""
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """Send a header byte by byte, each well within any timeout of a single read."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.03)
