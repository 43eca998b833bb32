"""An answer that never ends: no thread, no connection and no memory is left behind when the budget is over (F20)."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext

import httpx
import pytest

from billing.adapters.upstash_calls import BUDGET
from billing.adapters.upstash_client import AnswerTooLarge, open_redis
from tests.unit.billing.adapters.http_servers import answer, bad_server, request_of
from tests.unit.billing.adapters.test_upstash_failures import EVENT, caching

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"10000\r\n" + b"a" * 65536 + b"\r\n"
SOON = 2.0
"""Seconds; a busy machine is slow, and what is not ended goes on for ever."""


def head_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def body_without_end(connection: socket.socket) -> None:
    connection.sendall(CHUNKED)
    while True:
        connection.sendall(b"1\r\na\r\n")
        time.sleep(0.02)


def flood(connection: socket.socket) -> None:
    connection.sendall(CHUNKED)
    while True:
        connection.sendall(PIECE)


def kept_alive(connection: socket.socket) -> None:
    """Two good answers, and on the same connection one without end."""
    for _ in range(2):
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"result": "evt_1"}')
        request_of(connection)
    body_without_end(connection)


def callers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "redis"}


def ended(before: set[threading.Thread]) -> bool:
    until = time.monotonic() + SOON
    for thread in callers() - before:
        thread.join(max(0, until - time.monotonic()))
    return callers() <= before


@pytest.mark.parametrize("play", [head_without_end, body_without_end, flood])
def test_an_answer_without_end_leaves_no_thread_and_no_connection(play: Callable[[socket.socket], None]) -> None:
    closed = threading.Event()

    def until_closed(connection: socket.socket) -> None:
        try:
            play(connection)
        except OSError:
            closed.set()

    before = callers()
    with bad_server(until_closed) as server, caching(server.url, BUDGET) as (cache, _, _):
        assert not cache.is_done(EVENT)
        assert ended(before)
        assert closed.wait(SOON)


def test_each_request_has_a_deadline_of_its_own_on_a_connection_that_is_kept() -> None:
    """Also those of one thread, as plumb makes them: the functions call in a new one each time."""
    with bad_server(kept_alive) as server, closing(open_redis(server.url, "token", 0.5)) as redis:
        assert redis.get("mark") == "evt_1"
        time.sleep(0.5)  # the deadline of the first one is over
        assert redis.get("mark") == "evt_1"
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            redis.get("mark")
        assert time.monotonic() - began < 0.5 + SOON
        assert len(server.received) == 1, "one connection"


def test_a_redis_that_reads_nothing_leaves_no_thread() -> None:
    before = callers()
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        caching(f"http://127.0.0.1:{deaf.getsockname()[1]}", BUDGET) as (cache, _, _),
    ):
        cache.keep_catalog("x" * 30_000_000, 300)
        assert ended(before)


def test_a_redis_that_takes_no_connection_leaves_no_thread() -> None:
    """Its queue of connections is full, and it answers no more of them, as one behind a wrong rule of a firewall."""
    before = callers()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(3):
            knocking = waiting.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(full.getsockname())
        with caching(f"http://127.0.0.1:{full.getsockname()[1]}", BUDGET) as (cache, _, _):
            assert not cache.is_done(EVENT)
            assert ended(before)


def test_no_more_is_read_than_a_function_could_answer() -> None:
    """Whatever time there is: the consumer's budget is a second, in which a flood is a gigabyte."""
    sent: list[int] = []

    def counted(connection: socket.socket) -> None:
        connection.sendall(CHUNKED)
        while True:
            connection.sendall(PIECE)
            sent.append(len(PIECE))

    with bad_server(counted) as server, caching(server.url) as (cache, log, _):
        assert not cache.is_done(EVENT)
        assert [line.ids["error"] for line in log.lines] == ["AnswerTooLarge"]
    assert 5_000_000 < sum(sent) < 30_000_000, "six megabytes, and what was under way"


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_six_megabytes_are_not_too_much(more: int, fits: bool) -> None:
    """Of all that comes, the head with it."""
    value = "a" * 6_291_300
    body = f'{{"result": "{value}"}}'.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: " % len(body)
    head += b"x" * (6 * 1024 * 1024 + more - len(body) - len(head) - 4) + b"\r\n\r\n"
    with (
        bad_server(lambda connection: connection.sendall(head + body)) as server,
        closing(open_redis(server.url, "token", 5.0)) as redis,
        nullcontext() if fits else pytest.raises(AnswerTooLarge),
    ):
        assert redis.get("catalog") == value


def test_a_request_that_has_no_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    with closing(open_redis("http://127.0.0.1:9", "token", 0)) as redis, pytest.raises(httpx.ReadTimeout):
        redis.get("mark")


def test_what_is_read_is_counted_for_each_request() -> None:
    value = "a" * 4_000_000
    body = f'{{"result": "{value}"}}'.encode()

    def thrice(connection: socket.socket) -> None:
        for _ in range(3):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            request_of(connection)

    with bad_server(thrice) as server, closing(open_redis(server.url, "token", 5.0)) as redis:
        for _ in range(3):
            assert redis.get("catalog") == value
        assert len(server.received) == 1, "one connection"


def test_what_another_thread_reads_does_not_count() -> None:
    """A call that its invocation has left reads on beside the first one of the next."""
    value = "a" * 4_000_000
    both = threading.Barrier(2)

    def when_both_have_asked(connection: socket.socket) -> None:
        both.wait(5)
        answer(f'{{"result": "{value}"}}')(connection)

    with (
        bad_server(when_both_have_asked) as server,
        closing(open_redis(server.url, "token", 5.0)) as redis,
        ThreadPoolExecutor(2) as threads,
    ):
        assert list(threads.map(redis.get, ["catalog", "catalog"])) == [value, value]


def test_nothing_is_unpacked() -> None:
    """A kilobyte on the wire can be a megabyte in memory."""
    bomb = answer(gzip.compress(b'{"result": "evt_1"}'), headers="Content-Encoding: gzip\r\n")
    with bad_server(bomb) as server, caching(server.url) as (cache, log, _):
        assert not cache.is_done(EVENT)
        assert log.messages == ["cache failed"]
        assert b"accept-encoding: identity" in server.received[0].lower()
