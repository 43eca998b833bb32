"""HTTP for a client of httpx that several threads share.

httpcore 1.0.9 looks at all connections of its pool for each request, and takes one for dropped by the server that is
idle and has something to read. It asks these two things one after the other and without the connection's lock
(`HTTP11Connection.has_expired`): if another thread sends its request between them, and is answered, its connection is
closed while it reads (`ReadError: [Errno 9] Bad file descriptor`).
"""

from collections.abc import Callable

import httpx


class OneEach(httpx.BaseTransport):
    """Gives each request a pool of its own while it lasts; as many are kept as requests ran at once.

    Answers are read whole before they are handed on.
    """

    def __init__(self, make: Callable[[], httpx.BaseTransport] | None = None) -> None:
        self._make = make or _pool
        self._idle: list[httpx.BaseTransport] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raise what httpx raises; a pool in which something failed is not used again."""
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = self._make()
        try:
            answer = pool.handle_request(request)
            body = _read(answer)
        except BaseException:
            pool.close()
            raise
        self._idle.append(pool)
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close what no request is using."""
        while self._idle:
            self._idle.pop().close()


def _read(answer: httpx.Response) -> bytes:
    """As it came: `httpx.Client` undoes what its headers say was done to it."""
    stream = answer.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise TypeError("a transport without threads answers synchronously")
    try:
        return b"".join(stream)
    finally:
        stream.close()


def _pool() -> httpx.BaseTransport:
    return httpx.HTTPTransport(trust_env=False)
