"""The workers of one function: grown on demand, so that invocations really run side by side."""

import asyncio
from collections.abc import Callable
from typing import Any

from local.lambda_service.code import Code
from local.lambda_service.worker import Outcome, Worker, unhandled
from local.run_config import RunConfig
from local.template import Function

_CLOSED = "The function is gone, or the system ends."


class Pool:
    """At most `config.workers_per_function` workers, one invocation each; more invocations wait their turn."""

    def __init__(
        self,
        function: Function,
        config: RunConfig,
        clock: Callable[[], float],
        log: Callable[[Function, str], None],
    ) -> None:
        self.function = function
        self._config = config
        self._clock = clock
        self._log = log
        self._slots = asyncio.Semaphore(config.workers_per_function)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._code = Code(function)
        self._waits = config.warm is None or function.logical_id in config.warm
        self._broken = False
        self._closed = False

    async def invoke(self, event: Any, request_id: str) -> Outcome:
        self._waits = True
        async with self._slots:
            if self._closed:
                return unhandled({"errorType": "Sandbox.Failure", "requestId": request_id, "errorMessage": _CLOSED})
            self._retire_if_changed()
            worker = await self._take()
            try:
                outcome = await worker.invoke(event, request_id, self._clock())
                if outcome.platform is not None:
                    self._log(worker.function, outcome.platform)
                return outcome
            finally:
                self._give_back(worker)

    async def warm(self) -> None:
        """Make sure one worker waits, so that a first request does not pay for the imports."""
        async with self._slots:
            self._retire_if_changed()
            if not any(worker.alive for worker in self._idle):
                self._give_back(await self._take())

    def adopt(self, function: Function) -> None:
        """Take over what the template now says; running invocations finish with what they started with."""
        if function != self.function:
            self.function = function
            self._code = Code(function)
            self._retire()

    @property
    def cold(self) -> bool:
        """Nobody waits for the next invocation, and somebody should.

        A function that cannot start is left alone until its code changes; one that is not to be warm, until its first
        invocation.
        """
        return self._waits and (self._code.changed() or not (self._broken or self.pids()))

    def pids(self) -> list[int]:
        return [worker.process.pid for worker in (*self._busy, *self._idle) if worker.process.returncode is None]

    async def close(self) -> None:
        """End every worker, also in the middle of an invocation or of its start; afterwards none of them is left.

        What waits for its turn is told so: it would start another worker.
        """
        self._closed = True
        workers = (*self._idle, *self._busy)
        self._retire()
        await asyncio.gather(*(worker.finish() for worker in workers))
        slots = range(self._config.workers_per_function)
        for _ in slots:
            await self._slots.acquire()
        for _ in slots:
            self._slots.release()

    async def _take(self) -> Worker:
        self._idle = [worker for worker in self._idle if worker.alive]
        if self._idle:
            worker = self._idle.pop()
            self._busy.add(worker)
            return worker
        worker = await Worker.start(self.function, self._config, self._clock(), self._log)
        self._busy.add(worker)
        if self._closed:
            worker.retired = True
            worker.end()
        try:
            await worker.init()
        except asyncio.CancelledError:
            self._busy.discard(worker)
            worker.end()
            raise
        self._broken = not worker.alive
        return worker

    def _give_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        if worker.alive and not worker.retired:
            self._idle.append(worker)
        else:
            worker.end()

    def _retire_if_changed(self) -> None:
        if self._code.changed():
            self._code.refresh()
            self._log(self.function, "code changed: workers replaced")
            self._retire()

    def _retire(self) -> None:
        self._broken = False
        for worker in self._busy:
            worker.retired = True
        while self._idle:
            self._idle.pop().end()
