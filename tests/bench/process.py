"""One execution environment of a function, and what it took: processor time, time, memory.

The process is the local system's own worker (`local/lambda_service/runtime.py`), which needs no Docker and runs
wherever the local system does. `emulator.py` starts the real runtime instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

_RUNTIME = Path(__file__).parents[2] / "local/lambda_service/runtime.py"
_SECONDS = 30


class Failed(AssertionError):
    """The function did not answer as it should."""


class Process:
    """Started at once; `with` ends it."""

    def __init__(self, environment: Mapping[str, str], code: Path, log: IO[str] | None = None) -> None:
        read_end, write_end = os.pipe()
        command = [sys.executable, "-P", str(_RUNTIME), str(write_end), "0"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=code,
            pass_fds=(write_end,),
            text=True,
        )
        os.close(write_end)
        self._answers = os.fdopen(read_end)
        ready = json.loads(self._answers.readline() or '{"error": "it ended"}')
        if ready["error"] is not None:
            self.end()
            raise Failed(f"it does not start: {ready['error']}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, event: Any) -> Any:
        """Return the handler's answer; raise Failed with its error."""
        stdin = _opened(self._process.stdin)
        request = {"event": event, "requestId": str(uuid.uuid4()), "functionArn": "", "timeout": _SECONDS, "offset": 0}
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer = json.loads(self._answers.readline() or '{"error": "it ended"}')
        if "ok" not in answer:
            raise Failed(str(answer["error"]))
        return json.loads(answer["ok"])

    def end(self) -> None:
        _opened(self._process.stdin).close()
        self._process.wait(timeout=_SECONDS)
        self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def _opened(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
