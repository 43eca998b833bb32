"""Redis without a thread: what the thread of `BudgetedRedis` is for is wall-clock time, and that is simulated here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.adapters.upstash_calls import NoCache

_COST = 0.05
"""Seconds of the budget that a failed call takes: after a few of them the invocation goes on without a cache."""


class DirectRedis:
    """Stands for `BudgetedRedis`: the same budget, in the same thread."""

    def __init__(self, redis: Any, budget: float) -> None:
        self._redis = redis
        self._left = budget

    @property
    def left(self) -> float:
        """Seconds left for this invocation."""
        return self._left

    def start_request(self) -> None:
        """Nothing to do: each invocation has one of its own."""

    def run[T](self, operation: str, call: Callable[[Any], T]) -> T:
        """Return what the call returns, or raise `NoCache`."""
        if self._left <= 0:
            raise NoCache
        try:
            return call(self._redis)
        except Exception as exc:  # as the real one: the client has no error type for a broken answer
            self._left -= _COST
            raise NoCache from exc
