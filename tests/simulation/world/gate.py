"""The gate that every call of a client goes through: here the invocation is left where it is, or something strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from tests.simulation.faults import WEIGHTS
from tests.simulation.world.chance import Chance
from tests.simulation.world.scheduler import Crash, Scheduler, Task

_SLOW = 4.0
"""Seconds that a slow call takes: more than most clients wait for, and less than a function lives."""
_STUCK = 20.0
"""Seconds that a call takes that is tried again and again: the consumer may begin nothing after these (F11), and lives
on for some.
"""

type Otherwise[T] = Mapping[str, Callable[[], T]]
"""What a call does instead under a strike: as a rule it raises, as the SDK would."""


class Gate:
    """Decides what happens at a call, by chance or by the run's script of strikes."""

    def __init__(self, scheduler: Scheduler, chance: Chance, tell: Callable[[str], None]) -> None:
        self.scheduler = scheduler
        self.chance = chance
        self.tell = tell
        self.mood = "calm"
        self.healed = False
        self.down: dict[str, float] = {}
        """Until when a service is down for everybody."""
        self.flush: Callable[[], None] = lambda: None
        self.script: Callable[[Task, str, str], str] | None = None
        """Decides what strikes at a call of a service, instead of chance."""

    def call[T](self, service: str, what: str, do: Callable[[], T], otherwise: Otherwise[T]) -> T:
        """Make the call. `otherwise` has at least `refused` and `lost`."""
        task = self.scheduler.current
        if task is None:
            return do()
        if task.crashed:
            raise Crash
        task.calls += 1
        if self.healed:
            return do()
        if self.down.get(service, 0.0) > self.scheduler.now:
            return otherwise["refused"]()
        if task.calls == task.stalls_at or _stalls_before(task, what):
            self.scheduler.stall(task.stalls_for)
        if self.script is not None:
            strike = self.script(task, service, what)
        elif task.struck and _strikes(task, what):
            strike, task.struck = task.struck, ""
        else:
            strike = self.chance.of((task.name, task.calls), WEIGHTS[service, self.mood])
        return do() if strike == "nothing" else self._struck(strike, service, what, do, otherwise)

    def _struck[T](self, strike: str, service: str, what: str, do: Callable[[], T], otherwise: Otherwise[T]) -> T:
        if not strike.startswith(("switch", "stall")):
            task = self.scheduler.current
            assert task is not None
            self.tell(f"{task.name}: {strike}, at its call {task.calls}: {service} {what}")
        before, after = _WHEN.get(strike, (None, None))
        if before is not None:
            before(self)
        if strike in otherwise and strike != "lost":
            return otherwise[strike]()
        if strike == "twice":
            do()
        result = do()
        if after is not None:
            after(self)
        return otherwise["lost"]() if strike == "lost" else result


def _stalls_before(task: Task, what: str) -> bool:
    """Whether this call is the one before which it was to stand still."""
    if what != task.stalls_before:
        return False
    if task.stalls_past:
        task.stalls_past -= 1
        return False
    task.stalls_before = ""
    return True


def _strikes(task: Task, what: str) -> bool:
    """Whether this call is the one at which it was to be struck."""
    if task.struck_at not in ("", what):
        return False
    if task.struck_past:
        task.struck_past -= 1
        return False
    return True


def raising(error: Callable[[], Exception]) -> Callable[[], NoReturn]:
    """Something that is done instead of a call: raise."""

    def instead() -> NoReturn:
        raise error()

    return instead


def _leave(gate: Gate) -> None:
    gate.scheduler.leave()


def _crash(gate: Gate) -> None:
    gate.scheduler.crash()


def _stall(gate: Gate) -> None:
    """The machine stands still, while others do more than one thing."""
    task = gate.scheduler.current
    assert task is not None
    gate.scheduler.stall(2 + gate.chance.number((task.name, task.calls, "stall"), 6))


def _wait(gate: Gate) -> None:
    gate.scheduler.sleep(_SLOW)


def _stick(gate: Gate) -> None:
    gate.scheduler.sleep(_STUCK)


def _flush(gate: Gate) -> None:
    gate.flush()


type Step = Callable[[Gate], None] | None

_WHEN: dict[str, tuple[Step, Step]] = {
    "switch before": (_leave, None),
    "switch after": (None, _leave),
    "switch around": (_leave, _leave),
    "crash before": (_crash, None),
    "crash after": (None, _crash),
    "stall before": (_stall, None),
    "stall after": (None, _stall),
    "slow": (_wait, None),
    "stuck": (_stick, None),
    "flush": (_flush, None),
}
