"""A function in Lambda's own Python runtime, under the emulator that the SAM CLI brings: Linux only, no Docker.

awslambdaric is what runs a handler on Lambda, and the emulator plays the service on its other side. It starts the
runtime at the first request, takes one request at a time, and answers an error with HTTP 200.
https://github.com/aws/aws-lambda-runtime-interface-emulator
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.supervisor.ports import free_ports

REPOSITORY = Path(__file__).resolve().parents[2]
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_TOOLS = REPOSITORY / ".venv-sam"
_RUNTIME = REPOSITORY / ".aws-sam/runtime"
_LOCK = REPOSITORY / "requirements/runtime.txt"
_SECONDS = 60
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Taken:
    """What one request took, its start included if it was the first: seconds, and bytes at most until then."""

    processor: float
    wall: float
    memory: int


def arch() -> str:
    """This machine's, by Lambda's name for it."""
    return _MACHINES[platform.machine()]


def runtime() -> Path:
    """A folder with awslambdaric alone, as Lambda has it in /var/runtime; fetched once for each lock, with hashes."""
    of = _RUNTIME / "built-of"
    if not of.is_file() or of.read_text() != _LOCK.read_text():
        command = [str(_TOOLS / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--upgrade"]
        subprocess.run([*command, "--target", str(_RUNTIME), "-r", str(_LOCK)], check=True)
        of.write_text(_LOCK.read_text())
    return _RUNTIME


class Emulated:
    """One execution environment; `with` ends it."""

    def __init__(self, environment: Mapping[str, str], code: Path, layers: Sequence[Path]) -> None:
        emulator = next(_TOOLS.glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{arch()}"))
        ports = free_ports()
        self._url = f"http://127.0.0.1:{ports.api}/2015-03-31/functions/function/invocations"
        edge = ("--runtime-interface-emulator-address", f"127.0.0.1:{ports.api}")
        inner = ("--runtime-api-address", f"127.0.0.1:{ports.sqs}")
        # The interpreter itself, without what is installed into it: on Lambda nothing is.
        python = (getattr(sys, "_base_executable", sys.executable), "-S", "-m", "awslambdaric")
        path = os.pathsep.join(map(str, (*layers, runtime())))
        self._emulator = subprocess.Popen(
            [str(emulator), *edge, *inner, *python, "app.lambda_handler"],
            env={**environment, "LAMBDA_TASK_ROOT": str(code), "PYTHONPATH": path},
            cwd=code,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def invoke(self, event: Any) -> tuple[Any, Taken]:
        """Return the handler's answer and what it took."""
        before = self._processor()
        begun = time.perf_counter()
        answer = self._answer(json.dumps(event).encode())
        wall = time.perf_counter() - begun
        if isinstance(answer, dict) and "errorType" in answer:
            raise AssertionError(f"the function failed: {answer}")
        return answer, Taken(self._processor() - before, wall, self._memory())

    def _answer(self, body: bytes) -> Any:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                with _OPENER.open(self._url, body, timeout=_SECONDS) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)  # the emulator does not listen yet

    def _python(self) -> int | None:
        """The runtime's process, which the emulator starts at the first request."""
        pid = self._emulator.pid
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        return children[0] if children else None

    def _processor(self) -> float:
        """Seconds of its processor time, of threads that have ended as well; the emulator's own are not among them.

        The number is that of the clock of another process: `man 2 clock_getres`, and MAKE_PROCESS_CPUCLOCK in
        https://github.com/torvalds/linux/blob/master/include/linux/posix-timers_types.h
        """
        pid = self._python()
        return 0.0 if pid is None else time.clock_gettime((~pid << 3) | 2)

    def _memory(self) -> int:
        status = Path(f"/proc/{self._python()}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        python = self._python()
        self._emulator.terminate()
        self._emulator.wait(timeout=_SECONDS)
        if python is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(python, signal.SIGKILL)
