"""A client that threads share: no request's connections are looked at by another one's."""

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.http_of_threads import OneEach

MOMENT = 10.0


class Answer(httpx.SyncByteStream):
    """Two pieces, the second when `goes_on` says so."""

    def __init__(self, goes_on: threading.Barrier | None, broken: bool) -> None:
        self.goes_on = goes_on
        self.broken = broken
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        whole = gzip.compress(b"the whole answer")
        yield whole[:7]
        if self.goes_on is not None:
            self.goes_on.wait(MOMENT)
        if self.broken:
            raise httpx.ReadError("gone")
        yield whole[7:]

    def close(self) -> None:
        self.closed = True


class Pool(httpx.BaseTransport):
    made: list["Pool"]

    def __init__(self, goes_on: threading.Barrier | None = None) -> None:
        self.goes_on = goes_on
        self.answers: list[Answer] = []
        self.closed = False
        self.made.append(self)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert not self.closed
        assert all(answer.closed for answer in self.answers), "somebody else is still reading"
        answer = Answer(self.goes_on, broken=request.url.path == "/broken")
        self.answers.append(answer)
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=answer)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pools() -> list[Pool]:
    Pool.made = []
    return Pool.made


def test_requests_at_the_same_time_have_a_pool_each_until_they_are_read(pools: list[Pool]) -> None:
    both_read = threading.Barrier(2)  # broken, and the test with it, if the second waits for the first
    client = httpx.Client(transport=OneEach(lambda: Pool(both_read)))
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(client.get, ["http://shop/1", "http://shop/2"]))
    assert [answer.text for answer in answers] == ["the whole answer"] * 2
    assert [len(pool.answers) for pool in pools] == [1, 1]


def test_a_pool_is_used_again_and_closed_at_the_end(pools: list[Pool]) -> None:
    with httpx.Client(transport=OneEach(Pool)) as client:
        for _ in range(3):
            client.get("http://shop/")
        (pool,) = pools
        assert len(pool.answers) == 3
        assert not pool.closed
    assert pool.closed


def test_a_pool_in_which_something_failed_is_closed_and_not_used_again(pools: list[Pool]) -> None:
    client = httpx.Client(transport=OneEach(Pool))
    with pytest.raises(httpx.ReadError):
        client.get("http://shop/broken")
    assert pools[0].closed
    assert client.get("http://shop/").text == "the whole answer"
    assert len(pools) == 2
