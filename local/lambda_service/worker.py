"""One worker process and the conversation with it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.lambda_service.environment import worker_environment
from local.run_config import RunConfig
from local.template import Function

_RUNTIME = Path(__file__).with_name("runtime.py")
INIT_SECONDS = 30.0
"""Lambda allows 10; a busy laptop that compiles a new layer needs more, and it is not what we test here."""
_LARGEST_ANSWER = 6 * 1024 * 1024 + 100
"""Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and the figure of its error."""
_LAST_SECONDS = 2.0
"""With the second that `local/serve.py` gives to running requests, less than the supervisor's patience with a part."""


@dataclass(frozen=True)
class Outcome:
    """The payload of an invocation; `error` is what X-Amz-Function-Error would say."""

    payload: str
    error: str | None = None
    platform: str | None = None
    """What Lambda itself writes to the function's log, when the function no longer can."""


class Worker:
    """A process that runs one invocation at a time."""

    def __init__(
        self,
        function: Function,
        process: asyncio.subprocess.Process,
        answers: asyncio.StreamReader,
        log: Callable[[Function, str], None],
    ) -> None:
        self.function = function
        self.process = process
        self.retired = False
        self._answers = answers
        self._init_error: dict[str, Any] | None = None
        self._logging = asyncio.create_task(self._forward_log(log))
        """Held here, for the event loop holds no task: https://docs.python.org/3/library/asyncio-task.html"""

    @staticmethod
    async def start(
        function: Function, config: RunConfig, offset: float, log: Callable[[Function, str], None]
    ) -> "Worker":
        """Start the process; `init` follows."""
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(_RUNTIME),
                str(write_end),
                str(offset),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=worker_environment(function, config),
                cwd=function.code_dir,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        loop = asyncio.get_running_loop()
        answers = asyncio.StreamReader(limit=16 * 1024 * 1024)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), os.fdopen(read_end, "rb"))
        return Worker(function, process, answers, log)

    @property
    def alive(self) -> bool:
        return self.process.returncode is None and self._init_error is None

    async def init(self) -> None:
        """Wait for its init phase; a failing one is kept, to be answered at the invocation."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                line = await self._answers.readline()
        except TimeoutError:
            await self.kill()
            line = b""
        if not line:
            self._init_error = {
                "errorType": "Runtime.ExitError",
                "errorMessage": f"Runtime exited during init: {await self._reason()}",
            }
        else:
            self._init_error = json.loads(line)["error"]

    async def invoke(self, event: Any, request_id: str, offset: float) -> Outcome:
        """Run the handler; kill the process when the function's timeout passes, as Lambda does."""
        if self._init_error is not None:
            return unhandled({**self._init_error, "requestId": request_id})
        function = self.function
        request = {
            "event": event,
            "requestId": request_id,
            "functionArn": function.arn,
            "timeout": function.timeout,
            "offset": offset,
        }
        stdin = _opened(self.process.stdin)
        stdin.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(function.timeout):
                await stdin.drain()
                line = await self._answers.readline()
        except TimeoutError:
            await self.kill()
            said = f"Task timed out after {function.timeout:.2f} seconds"
            return unhandled(
                {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {said}"},
                f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {request_id} {said}",
            )
        except ConnectionError:
            line = b""
        except asyncio.CancelledError:
            await self.kill()
            raise
        if not line:
            return await self._died(request_id)
        answer = json.loads(line)
        if "ok" not in answer:
            return unhandled({**answer["error"], "requestId": request_id})
        if len(answer["ok"].encode()) > _LARGEST_ANSWER:
            said = f"Response payload size exceeded maximum allowed payload size ({_LARGEST_ANSWER} bytes)."
            return unhandled({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said})
        return Outcome(answer["ok"])

    def end(self) -> None:
        """Close its input, which ends it also in the middle of a handler (`runtime.py`); nothing waits for that."""
        _opened(self.process.stdin).close()

    async def finish(self) -> None:
        """End it and wait until it is gone; kill it only when it does not hear, being frozen.

        Either way its handler is not asked, as on Lambda. But what coverage measured in it would be lost by SIGKILL.
        """
        self.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self.process.wait()
        await self.kill()

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def _died(self, request_id: str) -> Outcome:
        message = f"RequestId: {request_id} Error: Runtime exited with error: {await self._reason()}"
        body = {"errorType": "Runtime.ExitError", "errorMessage": message}
        return unhandled(body, f"{message}\nRuntime.ExitError")

    async def _reason(self) -> str:
        code = await self.process.wait()
        return f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    async def _forward_log(self, log: Callable[[Function, str], None]) -> None:
        stdout = _opened(self.process.stdout)
        while line := await _read_log_line(stdout):
            log(self.function, line.decode("utf-8", "replace").rstrip("\n"))


def _opened[T](pipe: T | None) -> T:
    """Pipes are typed as optional; ours are always asked for."""
    if pipe is None:
        raise RuntimeError("a worker was started without pipes")
    return pipe


async def _read_log_line(stream: asyncio.StreamReader) -> bytes:
    """A line, or the part of an over-long one that fits: a handler that prints a megabyte must not stop its log."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as exc:
        return exc.partial
    except asyncio.LimitOverrunError as exc:
        return await stream.read(exc.consumed)


def unhandled(body: dict[str, Any], platform: str | None = None) -> Outcome:
    """An invocation that came to no answer."""
    return Outcome(json.dumps(body), "Unhandled", platform)
