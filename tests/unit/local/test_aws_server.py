"""The server of the tables and queues: connections stay open, and long polls leave others room."""

import gc
import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from local.aws.server import start_server

MOMENT = 10


def serve(application: Callable[..., Iterable[bytes]]) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    start_server(application, port)
    return port


@contextmanager
def connections(port: int, count: int) -> Iterator[list[http.client.HTTPConnection]]:
    with ExitStack() as open_:
        yield [
            open_.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MOMENT)))
            for _ in range(count)
        ]


def asked(connection: http.client.HTTPConnection, path: str, body: bytes = b"") -> bytes:
    connection.request("POST", path, body)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def test_one_connection_carries_many_requests() -> None:
    clients = set()

    def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        clients.add(environ["REMOTE_PORT"])
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    with connections(serve(echo), 20) as all_of_them:
        for _ in range(3):
            for number, connection in enumerate(all_of_them):
                assert asked(connection, "/", b"%d" % number) == b"%d" % number
    assert len(clients) == 20


def test_twenty_long_polls_do_not_keep_a_request_waiting() -> None:
    arrived, over = threading.Barrier(21), threading.Event()

    def waits(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/poll":
            arrived.wait(MOMENT)
            over.wait(MOMENT)
        start_response("200 OK", [("Content-Length", "0")])
        return []

    with connections(serve(waits), 21) as (one, *polls):
        for poll in polls:
            poll.request("POST", "/poll")
        arrived.wait(MOMENT)
        assert asked(one, "/") == b""
        over.set()
        assert {poll.getresponse().read() for poll in polls} == {b""}


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # cheroot leaves the socket that it could not bind
def test_a_process_may_end_while_it_serves() -> None:
    before = set(threading.enumerate())
    port = serve(lambda environ, start_response: [])
    assert {thread.daemon for thread in set(threading.enumerate()) - before} == {True}
    with pytest.raises(OSError, match="No socket could be created"):
        start_server(lambda environ, start_response: [], port)
    gc.collect()
