"""Redis in memory against fakeredis with its Lua, both under the official client: the same answers, and keys after.

fakeredis stands behind the local front of Upstash's REST API; time is moved for both.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import upstash_redis

from billing.adapters.upstash_cache import _KEEP_NEWER
from local.upstash.app import RestApi
from local.upstash.redis import RawRedis
from tests.simulation.stores.redis import Redis
from tests.simulation.stores.refusals import NotSimulated

COMMANDS = 1500
KEYS = [f"key:{number}" for number in range(5)]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Direct(upstash_redis.Redis):
    """The client over the local front, without a server between them."""

    def __init__(self) -> None:
        self._url, self._headers, self._read_your_writes = "front:", {}, False
        api = RestApi("token", RawRedis(None))
        self._http: Any = self
        self._one = lambda command: api._command(command, _plain)
        self._all = lambda commands: api._pipeline(commands, _plain)

    def execute(self, command: Any = None, url: str = "", headers: Any = None, *, from_pipeline: bool = False) -> Any:
        if not url:
            return super().execute(command)
        from upstash_redis.http import format_response

        if from_pipeline:
            return [format_response(answer, None) for answer in self._all(command)]
        return format_response(self._one(command), None)


def _plain(reply: Any) -> Any:
    if isinstance(reply, list):
        return [_plain(part) for part in reply]
    return reply.decode() if isinstance(reply, bytes) else reply


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of both, in fractions that a float holds exactly."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def pair(clock: Clock) -> tuple[Any, Redis]:
    direct = Direct()
    direct.flushall()
    return direct, Redis(clock)


def value(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(("", "x", "PRO", '"version":'))
    return f"PRO {json.dumps({'version': random.randint(0, 6), 'user': 'alice'}, separators=(',', ':'))}"


def newer(random: Random) -> tuple[str, list[str], list[str]]:
    """The one script of the cache, as it is called."""
    keys = random.sample(KEYS, random.randint(1, 4))
    rest = [part for _ in keys for part in (value(random), str(random.randint(0 if random.random() < 0.05 else 1, 9)))]
    return _KEEP_NEWER, keys, [str(random.randint(0, 6)), *rest]


def options(random: Random) -> dict[str, Any]:
    chosen: list[dict[str, Any]] = [{}, {"ex": random.randint(1, 9)}, {"px": 125 * random.randint(1, 40)}]
    return {**random.choice(chosen), **({"nx": True} if random.random() < 0.3 else {})}


def command(random: Random) -> Callable[[Any], Any]:
    """One request, for either client."""
    key, text, given = random.choice(KEYS), value(random), options(random)
    match random.randint(0, 5):
        case 0 | 1:
            return lambda redis: redis.get(key)
        case 2:
            return lambda redis: redis.set(key, text, **given)
        case 3:
            script = newer(random)
            return lambda redis: redis.eval(*script)
        case 4:
            return lambda redis: redis.delete(key, *KEYS[:1])
        case _:
            scripts = [newer(random) for _ in range(random.randint(1, 3))]
            return lambda redis: pipelined(redis, scripts, key, text, given)


def pipelined(redis: Any, scripts: list[tuple[str, list[str], list[str]]], key: str, text: str, given: Any) -> Any:
    batch = redis.pipeline()
    for script in scripts:
        batch.eval(*script)
    batch.set(key, text, **given)
    batch.get(key)
    return batch.exec()


def answer(client: Any, call: Callable[[Any], Any]) -> Any:
    try:
        return call(client)
    except upstash_redis.errors.UpstashError:
        return "refused"


@pytest.mark.parametrize("seed", range(3))
def test_each_command_is_answered_as_fakeredis_answers_it(pair: tuple[Any, Redis], clock: Clock, seed: int) -> None:
    random, refused = Random(seed), 0
    theirs, ours = pair
    for number in range(COMMANDS):
        clock.now += random.choice((0, 0, 0.125, 0.5, 2.5))
        call = command(random)
        expected = answer(theirs, call)
        assert answer(ours, call) == expected, f"command {number}"
        refused += expected == "refused"
        assert {key: ours.peek(key) for key in KEYS} == {key: theirs.get(key) for key in KEYS}, f"after {number}"
    assert refused > 5


SCRIPTS = {
    "return 1 + 1": 2,
    "return 3.9": 3,
    "return 'x'": "x",
    "return true": 1,
    "return false": None,
    "return nil": None,
    "return {1, 'a', nil, 2}": [1, "a"],
    "return redis.call('GET', 'nothing')": None,
    "return redis.call('GET', 'nothing') == false": 1,
    "return redis.pcall('GET', 'nothing') == false": 1,
    "return redis.call('SET', 'a', 'b')": "OK",
    "return redis.call('GET', KEYS[1])": None,
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_script_returns_becomes_the_same_reply(pair: tuple[Any, Redis], script: str) -> None:
    assert [client.eval(script, ["key"], []) for client in pair] == [SCRIPTS[script]] * 2


def test_a_key_ends_at_its_time_and_may_be_lost_before(clock: Clock) -> None:
    redis = Redis(clock)
    redis.set("a", "1", ex=3)
    redis.set("b", "2")
    clock.now += 3
    assert redis.get("a") == "1"
    clock.now += 0.001
    assert redis.kept() == ["b"]
    redis.evict("b")
    assert redis.get("b") is None
    redis.set("c", "3")
    redis.flush()
    assert redis.kept() == []


@pytest.mark.parametrize("call", [lambda redis: redis.incr("a"), lambda redis: redis.set("a", "b", exat=1)])
def test_what_is_not_known_is_said_aloud(clock: Clock, call: Callable[[Redis], Any]) -> None:
    """No Exception: the adapter would take that for a Redis that is down."""
    with pytest.raises(NotSimulated):
        call(Redis(clock))


def test_what_a_script_may_not_do_is_said_aloud_too(clock: Clock) -> None:
    with pytest.raises(NotSimulated):
        Redis(clock).eval("return redis.call('INCR', 'a')", [], [])
