"""Redis's scripts, run by a real Lua of the same version, 5.1 (https://redis.io/docs/latest/develop/programmability/)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lupa import lua51

type Run = Callable[[Sequence[str]], Any]

_runtime: Any = lua51.LuaRuntime(unpack_returned_tuples=True)
_read: dict[str, Any] = {}
"""Scripts as functions: reading one takes longer than running it."""
_running: list[Run] = []
"""Whose script runs, if one does: Lua itself holds nothing of a run, for its garbage waits for a time of its own."""


class Scripts:
    """Runs scripts whose `redis.call` runs commands of one Redis. So does `pcall`: here are texts only, and a command
    that these scripts may use refuses none.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[str]) -> Any:
        """The script's result as Redis answers it."""
        function = _read.get(script)
        if function is None:
            function = _read[script] = _runtime.eval(f"function(KEYS, ARGV, redis) {script} end")
        table = _runtime.table_from
        _running.append(self._run)
        try:
            return _reply(function(table(keys), table(arguments), _REDIS))
        finally:
            _running.pop()


def _call(*command: Any) -> Any:
    """A reply as a script sees it: nothing is false, a status a table
    (https://redis.io/docs/latest/develop/programmability/lua-api/#data-type-conversion).
    """
    reply = _running[-1]([str(part) for part in command])
    if reply is None:
        return False
    return _runtime.table_from({"ok": reply}) if reply == "OK" and command[0].upper() == "SET" else reply


_REDIS: Any = _runtime.table_from({"call": _call, "pcall": _call})


def _reply(result: Any) -> Any:
    """A script's result as a reply: a whole number, a list up to its first gap, 1 for true, nothing for false."""
    if result is True:
        return 1
    if result is None or result is False:
        return None
    if isinstance(result, float | int):
        return int(result)
    if isinstance(result, str):
        return result
    if result["ok"] is not None:
        return result["ok"]
    found: list[Any] = []
    while (part := result[len(found) + 1]) is not None:
        found.append(_reply(part))
    return found
