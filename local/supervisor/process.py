"""One part as a running process."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from local.supervisor.plan import Part

_KEPT_LINES = 40
ROOT = Path(__file__).resolve().parents[2]
_SCRUBBED = ("AWS_", "STRIPE_", "UPSTASH_", "PLUMBLINE_", "REDIS_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class PartProcess:
    """Holds the write end of the child's standard input, whose end tells the child that its parent is gone."""

    def __init__(self, part: Part, log_file: Path, say: Callable[[str, str], None]) -> None:
        self.part = part
        self.started_at = time.monotonic()
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        if part.ready_file is not None:
            part.ready_file.unlink(missing_ok=True)
        self._log_file = log_file
        self._say = say
        self._process = subprocess.Popen(
            part.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=_environment(os.environ),
            start_new_session=True,  # Ctrl-C reaches the parent only, which stops the parts in order
        )
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"log-{part.name}")
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask to stop; a frozen process has to be woken to hear it."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)

    def finish(self, patience: float) -> None:
        """Wait for the end, then force it on the process and whatever it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, patience))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._reader.join(timeout=2)

    def _read(self) -> None:
        stdout: IO[bytes] | None = self._process.stdout
        if stdout is None:
            raise RuntimeError(f"{self.part.name} was started without a pipe")
        with self._log_file.open("a", buffering=1) as log, stdout:
            for raw in stdout:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                log.write(line + "\n")
                self.last_lines.append(line)
                self._say(self.part.name, line)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The parent's, without what could send a part to somebody's real account or through a proxy."""
    kept = {key: value for key, value in given.items() if not key.startswith(_SCRUBBED) and key.upper() not in _PROXIES}
    return {**kept, "PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1,localhost"}
