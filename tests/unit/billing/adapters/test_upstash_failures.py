"""Whatever Redis answers, or does not: no error, no wrong value, and no more time than the budget (F19, F20, S26,
S27). When it is left alone for a while is in `test_upstash_breaker.py`.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from billing.adapters.upstash_breaker import PAUSE
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_calls import BUDGET
from billing.adapters.upstash_client import open_redis
from billing.domain.ids import CustomerId, EventId, SessionId, UserId
from billing.errors import Misconfigured
from billing.ports.cache import PublishedAccount
from tests.fakes.world import FakeClock, FakeLog, FakeMetrics
from tests.unit.billing.adapters.http_servers import (
    TOKEN,
    answer,
    bad_server,
    cut_short,
    drip,
    hang,
    reset,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ALICE = UserId("alice")
EVENT = EventId("evt_1")
SESSION = SessionId("cs_test_1")
STATE = PublishedAccount(ALICE, 7, NOW, CustomerId("cus_1"), "PRO", None, 500, lowest=False)

PLAYS: dict[str, Callable[[socket.socket], None]] = {
    "an HTML page": answer("<html>Bad gateway</html>", "502 Bad Gateway"),
    "an HTML page that says 200": answer("<html>Welcome to this Wi-Fi</html>"),
    "nothing": answer(""),
    "a truncated object": answer('{"result": "PR'),
    "a body cut short": cut_short,
    "{}": answer("{}"),
    "null": answer("null"),
    "a list": answer("[]"),
    "a list of rubbish": answer('[1, null, "x"]'),
    "a number": answer("5"),
    "too deep": answer("[" * 100_000),
    "an endless number": answer('{"result": ' + "9" * 5000 + "}"),
    "not UTF-8": answer(b'{"result": "\xff\xfe"}'),
    "an object as result": answer('{"result": {"a": 1}}'),
    "a list as result": answer('{"result": [1, 2]}'),
    "a number as result": answer('{"result": 7}'),
    "rubbish as result": answer('{"result": "PRO"}'),
    "an error with 200": answer('{"error": "ERR wrong"}'),
    "an error that quotes the command": answer('{"error": "ERR wrong, command was: [\\"SET\\", \\"k\\", \\"4242\\"]"}'),
    "400": answer('{"error": "ERR wrong"}', "400 Bad Request"),
    "401": answer('{"error": "Unauthorized"}', "401 Unauthorized"),
    "429": answer('{"error": "ERR max requests limit exceeded"}', "429 Too Many Requests"),
    "500 that looks like a value": answer('{"result": "evt_1"}', "500 Internal Server Error"),
    "202 that looks like a value": answer('{"result": "evt_1"}', "202 Accepted"),
    "a reset connection": reset,
    "a closed connection": lambda connection: None,
    "not HTTP": lambda connection: connection.sendall(b"-ERR this is Redis\r\n"),
}


@contextmanager
def caching(
    url: str, budget: float = 10, clock: FakeClock | None = None
) -> Iterator[tuple[UpstashCache, FakeLog, FakeMetrics]]:
    """The cache with a budget that a busy machine keeps, where the test is not about time."""
    log, metrics = FakeLog(), FakeMetrics()
    with open_redis(url, TOKEN, timeout=budget) as opened:
        yield UpstashCache(lambda: opened, "dev:test:1:", clock or FakeClock(NOW), log, metrics, budget), log, metrics


def answers_as_if_empty(cache: UpstashCache, clock: FakeClock) -> None:
    """Every method, each with a budget of its own, and so late that Redis is asked whatever became of the last one."""
    asked = (
        lambda: cache.is_done(EVENT) is False,
        lambda: cache.publish([STATE], [EVENT]) is False,
        lambda: cache.entitlement(ALICE) is None,
        lambda: cache.catalog() is None,
        lambda: cache.count_checkout(ALICE) == 0,
        lambda: cache.lock_success(SESSION) is False,
    )
    for number, ask in enumerate(asked):
        cache.start_request()
        assert ask(), f"method {number}"
        clock.sleep(PAUSE)
    cache.start_request()
    cache.keep_catalog("{}", 300)


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS.keys())
def test_a_bad_answer_is_no_cache(play: Callable[[socket.socket], None]) -> None:
    clock = FakeClock(NOW)
    with bad_server(play) as server, caching(server.url, clock=clock) as (cache, log, _):
        answers_as_if_empty(cache, clock)
        assert len(server.received) >= 7
        assert "cache failed" in log.messages or "cached value not believed" in log.messages
        assert TOKEN not in str(log.lines)
        assert "4242" not in str(log.lines), "S16: what Redis says of an error quotes what was sent"


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '[{"result": 4}]',
        '[{"result": 4}, {"error": "ERR script"}]',
        '[{"result": 4}, {"result": "QUEUED"}]',
        '[{"result": 4}, {"result": null}]',
        '[{"result": "4"}, {"result": "OK"}]',
        '[{"result": null}, {"result": "OK"}]',
        '[{"result": 4}, {"result": "OK"}, {"result": "OK"}, {}]',
        '{"result": "OK"}',
    ],
)
def test_a_publish_that_was_not_taken_whole_says_so(body: str) -> None:
    with bad_server(answer(body)) as server, caching(server.url) as (cache, _, metrics):
        assert not cache.publish([STATE], [EVENT])
        assert len(server.received) == 2  # once more, then the TTL (money rule 25)
        assert metrics.counts["CacheFailures"] == 2


def test_a_publish_that_was_taken() -> None:
    with bad_server(answer('[{"result": 4}, {"result": "OK"}]')) as server, caching(server.url) as (cache, log, _):
        assert cache.publish([STATE], [EVENT])
        assert len(server.received) == 1
        assert log.lines == []


@pytest.mark.parametrize("play", [hang, drip], ids=["hangs", "drips"])
def test_a_frozen_redis_costs_the_budget_once_per_invocation(play: Callable[[socket.socket], None]) -> None:
    with bad_server(play) as server, caching(server.url, BUDGET) as (cache, log, metrics):
        start = time.perf_counter()
        assert not cache.is_done(EVENT)
        assert cache.entitlement(ALICE) is None
        assert not cache.publish([STATE], [EVENT])
        assert not cache.lock_success(SESSION)
        assert time.perf_counter() - start < 3 * BUDGET  # four calls would be four budgets; a machine may be busy
        assert metrics.counts["CacheSkipped"] == 3
        assert log.messages == ["cache paused"]
        assert len(server.received) == 1


def test_slow_calls_share_one_budget() -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.4)
        answer('{"result": null}')(connection)

    with bad_server(slowly) as server, caching(server.url, budget=1) as (cache, _, metrics):
        for _ in range(6):
            cache.is_done(EVENT)
        assert 1 <= metrics.counts["CacheMisses"] <= 2
        assert metrics.counts["CacheFailures"] == 1
        assert metrics.counts["CacheSkipped"] >= 3
        assert len(server.received) <= 3


def test_it_works_again_when_redis_does() -> None:
    """What failed leaves nothing behind: no broken connection, no switch that stays off."""
    clock = FakeClock(NOW)
    frozen = True

    def thawing(connection: socket.socket) -> None:
        (hang if frozen else answer('{"result": "evt_1"}'))(connection)

    with bad_server(thawing) as server, caching(server.url, budget=0.5, clock=clock) as (cache, _, _):
        assert not cache.is_done(EVENT)
        frozen = False
        clock.sleep(PAUSE)
        cache.start_request()
        assert cache.is_done(EVENT)


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_the_token_is_not_carried_elsewhere(status: str) -> None:
    clock = FakeClock(NOW)
    with bad_server(answer('{"result": "evt_1"}')) as elsewhere:
        away = answer('{"result": "evt_1"}', status, f"Location: {elsewhere.url}/\r\n")
        with bad_server(away) as server, caching(server.url, clock=clock) as (cache, _, _):
            answers_as_if_empty(cache, clock)
            assert len(server.received) == 7
            assert elsewhere.received == []


def test_a_closed_port_is_no_cache() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    clock = FakeClock(NOW)
    with caching(f"http://127.0.0.1:{port}", clock=clock) as (cache, log, metrics):
        answers_as_if_empty(cache, clock)
        assert metrics.counts["CacheFailures"] == 7  # of seven methods: the first try of publish is the second in a row
        failed = [line.ids["operation"] for line in log.lines]
        assert failed == ["webhook:done", "publish", "entitlements", "catalog", "count", "lock", "catalog"]


def test_what_goes_over_the_wire() -> None:
    with bad_server(answer('{"result": null}')) as server, caching(server.url) as (cache, _, _):
        cache.is_done(EVENT)
        head, _, body = server.received[0].decode().partition("\r\n\r\n")
        assert json.loads(body) == ["GET", "dev:test:1:webhook:done:evt_1"]
        assert f"Authorization: Bearer {TOKEN}" in head
        assert "telemetry" not in head.lower()
        assert "sync-token" not in head.lower()


def test_this_machine_as_a_container_calls_it_is_this_machine() -> None:
    with open_redis("http://host.docker.internal:8790", TOKEN, timeout=1) as opened:
        assert opened is not None


@pytest.mark.parametrize(
    ("play", "status"),
    [(answer("{}", "503 Service Unavailable"), 503), (answer("{}", headers="Content-Encoding: gzip\r\n"), None)],
    ids=["not 200", "compressed"],
)
def test_an_answer_that_is_refused_tells_an_operator_whose(
    play: Callable[[socket.socket], None], status: int | None
) -> None:
    """`plumb` uses the same client, without what makes every failure an empty cache."""
    with (
        bad_server(play) as server,
        open_redis(server.url, TOKEN, 10) as redis,
        pytest.raises((httpx.HTTPStatusError, httpx.DecodingError)) as refused,
    ):
        redis.get("mark")
    assert refused.value.request.url == server.url
    assert (refused.value.response.status_code if isinstance(refused.value, httpx.HTTPStatusError) else None) == status


def test_an_address_may_end_with_a_slash() -> None:
    """As it is copied from a browser."""
    with bad_server(answer('{"result": "evt_1"}')) as server, caching(f"{server.url}/") as (cache, _, _):
        assert cache.is_done(EVENT)
        assert server.received[0].startswith(b"POST / ")


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://redis.example.com", TOKEN),
        ("http://127.0.0.1.evil.example", TOKEN),
        ("http://host.docker.internal.evil.example", TOKEN),
        ("ftp://127.0.0.1", TOKEN),
        ("https://", TOKEN),
        ("", TOKEN),
        ("https://[eu1.upstash.io", TOKEN),
        ("https://eu1\u2100.upstash.io", TOKEN),
        ("https://eu1.upstash.io:port", TOKEN),
        ("https://user:pass@eu1.upstash.io", TOKEN),
        ("https://eu1.upstash.io/path", TOKEN),
        ("https://eu1.upstash.io/X", TOKEN),
        ("https://eu1.upstash.io?x=1", TOKEN),
        ("https://eu1.upstash.io", ""),
        ("https://eu1.upstash.io", "a b"),
        ("https://eu1.upstash.io", "a\r\nX-Evil: 1"),
        ("https://eu1.upstash.io", "tokén"),
    ],
)
def test_a_database_that_must_not_be_used(url: str, token: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        open_redis(url, token, timeout=1)
    assert not any(secret in str(refused.value) for secret in (url, token) if secret)
    assert refused.value.ids == {"secret": "UPSTASH_SECRET"}
