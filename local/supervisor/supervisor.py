"""The parent of all parts."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from local.errors import StartError
from local.supervisor.plan import Part
from local.supervisor.process import PartProcess

START_PATIENCE_SECONDS = 60.0
"""Before a part that is not ready is an error; far above what a slow machine needs."""
_LOOK_SECONDS = 0.05
"""At parts that start."""
_WATCH_SECONDS = 0.25
"""At parts that run, whether they still do."""
_STOP_PATIENCE_SECONDS = 5.0
"""Only a part that hangs takes so long. Above what the Lambda service takes to end workers that hang (`worker.py`)."""
_BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
_STABLE_SECONDS = 10.0

Say = Callable[[str, str], None]


class Supervisor:
    """`start`, then `wait_until_ready`; from then on parts that die are started again until `stop`."""

    def __init__(self, parts: list[Part], log_dir: Path, say: Say) -> None:
        self._parts = {part.name: part for part in parts}
        self._log_dir = log_dir
        self._say = say
        self._running: dict[str, PartProcess] = {}
        self._held: set[str] = set()
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self.lost: str | None = None
        """The name of a part that kept state and died: the stack is over."""

    def start(self) -> None:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        for part in self._parts.values():
            self._launch(part)

    def wait_until_ready(self, names: list[str] | None = None) -> None:
        """Poll each part's health; raise StartError with its last words when one dies or takes too long."""
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        waiting = [self._parts[name] for name in names or self._parts]
        with httpx.Client(trust_env=False, timeout=1.0) as client:
            while waiting:
                for part in waiting:
                    self._check_start(part, deadline)
                waiting = [part for part in waiting if not _is_ready(part, client)]
                if waiting:
                    time.sleep(_LOOK_SECONDS)

    def watch(self) -> None:
        """Restart parts that die, in the background."""
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="supervisor")
        self._watcher.start()

    def stop(self) -> None:
        """End every part; afterwards none of their processes is left."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        with self._lock:
            processes = list(self._running.values())
            for process in processes:
                process.terminate()
            deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
            for process in processes:
                process.finish(deadline - time.monotonic())
            self._running.clear()

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def names(self) -> list[str]:
        return list(self._parts)

    def kill(self, name: str, restart: bool = True) -> None:
        """SIGKILL; without `restart` the part stays down until `launch`."""
        with self._lock:
            if not restart:
                self._held.add(name)
            process = self._running[name]
            process.signal(signal.SIGKILL)
            process.finish(_STOP_PATIENCE_SECONDS)

    def launch(self, name: str) -> None:
        """Start a part that was held down, and wait for it."""
        with self._lock:
            self._held.discard(name)
            self._launch(self._parts[name])
        self.wait_until_ready([name])

    def freeze(self, name: str) -> None:
        self._running[name].signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self._running[name].signal(signal.SIGCONT)

    def log_file(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def _launch(self, part: Part) -> None:
        self._running[part.name] = PartProcess(part, self.log_file(part.name), self._say)

    def _check_start(self, part: Part, deadline: float) -> None:
        process = self._running[part.name]
        if process.exit_code is not None and self._watcher is None:
            process.finish(0)
            raise StartError(f"The part {part.name} did not start: {_last_words(process)}")
        if time.monotonic() > deadline:
            raise StartError(
                f"The part {part.name} was not ready within {START_PATIENCE_SECONDS:.0f} s: {_last_words(process)}"
            )

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_SECONDS):
            with self._lock:
                for name, process in list(self._running.items()):
                    if process.exit_code is not None and name not in self._held:
                        self._died(name, process)

    def _died(self, name: str, process: PartProcess) -> None:
        part = process.part
        if part.keeps_state:
            if self.lost is None:
                self.lost = name
                self._say("supervisor", f"{name} ended (exit {process.exit_code}) and its data with it")
            return
        now = time.monotonic()
        if name not in self._due:
            lived = now - process.started_at
            failures = 0 if lived > _STABLE_SECONDS else self._failures.get(name, 0)
            pause = _BACKOFF[min(failures, len(_BACKOFF) - 1)]
            self._failures[name] = failures + 1
            self._due[name] = now + pause
            self._say("supervisor", f"{name} ended (exit {process.exit_code}), started again in {pause} s")
        elif now >= self._due[name]:
            del self._due[name]
            process.finish(0)
            self._launch(part)


def _is_ready(part: Part, client: httpx.Client) -> bool:
    if part.ready_file is not None:
        return part.ready_file.exists()
    if part.health_url is None:
        return True
    try:
        return client.get(part.health_url).status_code == 200
    except httpx.TransportError:
        return False


def _last_words(process: PartProcess) -> str:
    """The last line that says something: a traceback ends with its message."""
    lines = [line.strip() for line in process.last_lines if line.strip()]
    return lines[-1] if lines else "it said nothing"
