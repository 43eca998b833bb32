"""The Upstash front's raw answers, as https://upstash.com/docs/redis/features/restapi shows them."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from local.upstash.app import RestApi
from local.upstash.redis import RawRedis


class Client:
    """Requests straight into the application."""

    def __init__(self) -> None:
        self._transport = httpx.ASGITransport(RestApi("secret", RawRedis(None)).app())

    def post(self, path: str, headers: dict[str, str] | None = None, **arguments: Any) -> httpx.Response:
        async def inside() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://upstash") as client:
                sent = {"authorization": "Bearer secret", **(headers or {})}
                return await client.post(path, headers=sent, **arguments)

        return asyncio.run(inside())


@pytest.fixture
def client() -> Client:
    made = Client()
    made.post("/", json=["FLUSHALL"])
    return made


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (["SET", "k", "v"], "OK"),
        (["GET", "absent"], None),
        (["INCRBY", "n", 5], 5),
        (["INCRBYFLOAT", "f", 1.5], "1.5"),
        (["SADD", "s", "a", "b"], 2),
        (["EVAL", "return {KEYS[1], ARGV[1], 3}", 1, "k", "v"], ["k", "v", 3]),
    ],
)
def test_results_come_as_json(command: list[Any], result: Any, client: Client) -> None:
    answer = client.post("/", json=command)
    assert (answer.status_code, answer.json()) == (200, {"result": result})


def test_a_hash_is_a_flat_list_as_on_the_wire(client: Client) -> None:
    client.post("/", json=["HSET", "h", "a", "1"])
    assert client.post("/", json=["HGETALL", "h"]).json() == {"result": ["a", "1"]}


def test_results_come_in_base64_where_that_is_asked_for(client: Client) -> None:
    headers = {"upstash-encoding": "base64"}
    assert client.post("/", json=["SET", "k", "é"], headers=headers).json() == {"result": "OK"}
    encoded = base64.b64encode("é".encode()).decode()
    assert client.post("/", json=["MGET", "k", "absent"], headers=headers).json() == {"result": [encoded, None]}
    assert client.post("/", json=["INCR", "n"], headers=headers).json() == {"result": 1}


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "secret", "Basic secret"])
@pytest.mark.parametrize("path", ["/", "/pipeline", "/multi-exec"])
def test_nothing_is_answered_without_the_token(path: str, authorization: str, client: Client) -> None:
    answer = client.post(path, json=["GET", "k"], headers={"authorization": authorization})
    assert (answer.status_code, answer.json()) == (401, {"error": "WRONGPASS invalid or missing auth token"})


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["GET"], "ERR wrong number of arguments for 'get' command"),
        (["NOSUCH", "a"], "ERR unknown command"),
        (["LPUSH", "text", "x"], "WRONGTYPE Operation against a key holding the wrong kind of value"),
        (["EVALSHA", "0" * 40, 0], "NOSCRIPT No matching script. Please use EVAL."),
    ],
)
def test_a_wrong_command_is_refused_as_redis_refuses_it(command: list[Any], error: str, client: Client) -> None:
    client.post("/", json=["SET", "text", "x"])
    answer = client.post("/", json=command)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


@pytest.mark.parametrize("body", [b"", b"not json", b"{}", b"[]", b'"GET"', b'[["GET"]]', b"[null]"])
def test_a_body_that_is_no_command(body: bytes, client: Client) -> None:
    answer = client.post("/", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("ERR failed to parse")


def test_a_pipeline_answers_each_command(client: Client) -> None:
    answer = client.post("/pipeline", json=[["SET", "k", "1"], ["LPUSH", "k", "x"], ["INCR", "k"]])
    assert answer.status_code == 200
    first, second, third = answer.json()
    assert (first, third) == ({"result": "OK"}, {"result": 2})
    assert second["error"].startswith("WRONGTYPE")


def test_a_transaction_is_all_or_nothing(client: Client) -> None:
    assert client.post("/multi-exec", json=[["SET", "k", "1"], ["INCR", "k"]]).json() == [
        {"result": "OK"},
        {"result": 2},
    ]
    refused = client.post("/multi-exec", json=[["SET", "k", "9"], ["GET"]])
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("EXECABORT")
    assert client.post("/", json=["GET", "k"]).json() == {"result": "2"}


def test_a_refused_command_leaves_the_connection_usable(client: Client) -> None:
    for _ in range(3):
        client.post("/multi-exec", json=[["GET"]])
    assert client.post("/", json=["PING"]).json() == {"result": "PONG"}
