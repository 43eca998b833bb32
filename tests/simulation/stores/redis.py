"""The official Upstash client over a Redis in memory: only its HTTP is exchanged.

So commands are built, and answers understood, by the SDK itself. Time is the caller's; whatever is kept may go at any
moment (`flush`, `evict`), as a cache's content does. A command that is not known here raises NotSimulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import upstash_redis
from upstash_redis.errors import UpstashError

from tests.simulation.stores.lua import Scripts
from tests.simulation.stores.refusals import NotSimulated

_WRONG_EXPIRY = "ERR invalid expire time in 'set' command"


class ReplyError(Exception):
    """An error as Redis writes it."""


class Redis(upstash_redis.Redis):
    """The SDK's client. One thread; `now` answers in seconds; `replaced` hears of a text that takes another's place."""

    def __init__(  # not the SDK's: it would build a TLS context, for 100 ms
        self, now: Callable[[], float], replaced: Callable[[str, str, str], None] = lambda key, old, new: None
    ) -> None:
        self._url = "memory:"
        self._headers: dict[str, str] = {}
        self._read_your_writes = False
        self._allow_telemetry = False
        self._memory = Memory(now, replaced)
        self._http: Any = _Front(self._memory)

    def peek(self, key: str) -> str | None:
        """What is kept, for whoever checks it: no request, so nothing may happen to it."""
        return self._memory.get(key)

    def kept(self) -> list[str]:
        """The keys, in the order of their first write."""
        return self._memory.keys()

    def evict(self, key: str) -> None:
        """Lose one key, as Redis does when its memory is full."""
        self._memory.delete([key])

    def flush(self) -> None:
        """Lose everything."""
        self._memory.delete(self._memory.keys())


class SimulatedTime:
    """The cache's `Watch` in simulated time: a call is made at once, and takes what time the scheduler lets pass."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def seconds(self) -> float:
        """The time that a budget counts."""
        return self._now()

    def within[T](self, seconds: float, call: Callable[[], T]) -> T:
        """What the call returns or raises, if in time. One that is too late has had its effect all the same."""
        start = self._now()
        result = call()
        if self._now() - start > seconds:
            raise TimeoutError
        return result


class _Front:
    """Upstash's REST API, where the SDK has its HTTP client (https://upstash.com/docs/redis/features/restapi)."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def execute(self, url: str, headers: dict[str, str], command: list[Any], *, from_pipeline: bool = False) -> Any:
        """Run a command, or several one after the other: a pipeline is no transaction, and its errors are its own."""
        if not from_pipeline:
            return self._answer(command)
        if not url.endswith("/pipeline"):
            raise NotSimulated(f"a request to {url}")
        answers: list[Any] = []
        errors = []
        for each in command:
            try:
                answers.append(self._answer(each))
            except UpstashError as exc:
                errors.append(exc)
        if errors:  # all have run; the SDK raises at the first answer that is an error
            raise errors[0]
        return answers

    def _answer(self, command: list[Any]) -> Any:
        try:
            return self._memory.run([part if isinstance(part, str) else str(part) for part in command])
        except ReplyError as exc:
            raise UpstashError(str(exc)) from exc


class Memory:
    """Keys with a text each, and when it ends."""

    def __init__(self, now: Callable[[], float], replaced: Callable[[str, str, str], None]) -> None:
        self._now = now
        self._replaced = replaced
        self._kept: dict[str, tuple[str, float]] = {}
        self._scripts = Scripts(self.run)

    def run(self, command: Sequence[str]) -> Any:
        """The reply to a command: text, a number, a list or None. Raises ReplyError."""
        name, *given = command
        match name.upper():
            case "GET" if len(given) == 1:
                return self.get(given[0])
            case "SET" if len(given) >= 2:
                return self._set(given[0], given[1], given[2:])
            case "DEL" if given:
                return self.delete(given)
            case "EVAL" if len(given) >= 2:
                count = int(given[1])
                return self._scripts.run(given[0], given[2 : 2 + count], given[2 + count :])
            case _:
                raise NotSimulated(f"the Redis command {' '.join(command)}")

    def get(self, key: str) -> str | None:
        """The text of a key, None when it ended or never was."""
        text, ends = self._kept.get(key, (None, math.inf))
        if ends < self._now():  # at its very millisecond it is still there: `keyIsExpired` in Redis's db.c
            del self._kept[key]
            return None
        return text

    def keys(self) -> list[str]:
        """The keys that have not ended."""
        now = self._now()
        for key in [key for key, (_, ends) in self._kept.items() if ends < now]:
            del self._kept[key]
        return [*self._kept]

    def delete(self, keys: Sequence[str]) -> int:
        """Delete keys; how many were there."""
        there = [key for key in dict.fromkeys(keys) if self.get(key) is not None]
        for key in there:
            del self._kept[key]
        return len(there)

    def _set(self, key: str, text: str, options: Sequence[str]) -> str | None:
        """https://redis.io/docs/latest/commands/set/"""
        rest = [option.upper() for option in options]
        only_new = "NX" in rest
        if only_new:
            rest.remove("NX")
        ends = math.inf
        if rest:
            if len(rest) != 2 or rest[0] not in ("EX", "PX"):
                raise NotSimulated(f"SET with {' '.join(options)}")
            ends = self._now() + _life(rest[1]) / (1 if rest[0] == "EX" else 1000)
        old = self.get(key)
        if only_new and old is not None:
            return None
        if old is not None:
            self._replaced(key, old, text)
        self._kept[key] = (text, ends)
        return "OK"


def _life(text: str) -> int:
    try:
        life = int(text)
    except ValueError:
        raise ReplyError("ERR value is not an integer or out of range") from None
    if life <= 0:
        raise ReplyError(_WRONG_EXPIRY)
    return life
