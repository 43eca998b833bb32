"""moto's tables are right only while requests run one after the other (`system.md`, "The laptop")."""

import io
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.aws.server import one_at_a_time

REQUESTS = 8


class Watched:
    """Counts how many requests are inside at the same moment, and takes its time in the body of the answer too."""

    def __init__(self) -> None:
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()
        self._pause = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        start_response("200 OK", [])
        yield environ["wsgi.input"].read()
        self._pause.wait(0.02)
        with self._lock:
            self._inside -= 1


def test_requests_never_overlap_and_keep_their_bodies() -> None:
    watched = Watched()
    application = one_at_a_time(watched)
    together = threading.Barrier(REQUESTS)

    def request(number: int) -> bytes:
        body = b"%d" % number
        environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
        together.wait()
        return b"".join(application(environ, lambda *_: None))

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(request, range(REQUESTS)))
    assert answers == [b"%d" % number for number in range(REQUESTS)]
    assert watched.most == 1


def test_the_watcher_would_notice() -> None:
    watched = Watched()
    together = threading.Barrier(REQUESTS)

    def request(number: int) -> bytes:
        together.wait()
        return b"".join(watched({"wsgi.input": io.BytesIO(b"")}, lambda *_: None))

    with ThreadPoolExecutor(REQUESTS) as pool:
        list(pool.map(request, range(REQUESTS)))
    assert watched.most > 1
