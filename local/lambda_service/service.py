"""Pools by function, following the template."""

import asyncio
import contextlib
import os
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TextIO

from local.lambda_service.pool import Pool
from local.lambda_service.worker import Outcome
from local.run_config import RunConfig
from local.say import say
from local.template import Function

_LOOK_SECONDS = 2.0
"""Only until a changed function is warm again: each invocation looks for itself. Each look asks for every file of each
function."""


class LambdaService:
    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._live = config.live_model()
        self._clock: Callable[[], float] = config.clock_file.read if config.stripe_is_stand_in else _real_time
        self._logs: dict[str, TextIO] = {}
        self._pools: dict[str, Pool] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self.ready = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Warm the functions and follow changes until the service stops, then end every worker."""
        follower = asyncio.create_task(self._follow())
        follower.add_done_callback(_end_if_failed)
        try:
            yield
        finally:
            follower.cancel()
            await asyncio.gather(*(pool.close() for pool in self._pools.values()))
            for log in self._logs.values():
                log.close()

    def pool(self, name: str) -> Pool | None:
        """The pool of a function as the template says now, so that an added one answers at once."""
        function = self._live.current().function_named(name)
        return None if function is None else self._pool_of(function)

    def spawn(self, work: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def pids(self) -> dict[str, list[int]]:
        return {logical_id: pool.pids() for logical_id, pool in self._pools.items()}

    def _pool_of(self, function: Function) -> Pool:
        if function.logical_id not in self._pools:
            self._pools[function.logical_id] = Pool(function, self._config, self._clock, self._log)
        pool = self._pools[function.logical_id]
        pool.adopt(function)
        return pool

    async def _follow(self) -> None:
        while True:
            functions = self._live.current().functions
            for gone in self._pools.keys() - functions.keys():
                await self._pools.pop(gone).close()
            pools = [self._pool_of(function) for function in functions.values()]
            await asyncio.gather(*(pool.warm() for pool in pools if pool.cold))
            self.ready = True
            await asyncio.sleep(_LOOK_SECONDS)

    def _log(self, function: Function, line: str) -> None:
        name = function.logical_id
        if name not in self._logs:
            directory = self._config.state / "logs" / "functions"
            directory.mkdir(parents=True, exist_ok=True)
            self._logs[name] = (directory / f"{name}.log").open("a", buffering=1)
        self._logs[name].write(line + "\n")
        say(f"{function.label} | {line}")


def _end_if_failed(follower: asyncio.Task[None]) -> None:
    """A service that no longer follows its template is worse than one the supervisor restarts."""
    if not follower.cancelled() and (error := follower.exception()) is not None:
        traceback.print_exception(error)
        os._exit(1)


def _real_time() -> float:
    """Nothing is ahead of it."""
    return 0.0
