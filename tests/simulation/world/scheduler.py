"""The scheduler: it owns the time, and which of the functions under way goes on.

Each invocation of a function runs in a greenlet. Before and after every call to a client it may be left where it is,
and something else goes on: another invocation, or the next deed of somebody. All of it in one thread, by chance's tape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

AGES = timedelta(days=36_500)
"""What has all the time there is."""
FIRST = 1_795_000_000.0
"""When a run begins: some day in November 2026."""


class Crash(BaseException):
    """The process is gone: nothing in it can catch this, and nothing it would have done later is done."""


@dataclass(eq=False, slots=True)
class Task:
    """One invocation of a function. `name` does not depend on how many there were before it."""

    name: str
    work: Callable[[], Any]
    ended: Callable[[Task], None]
    ends_at: float
    """When Lambda ends it, whatever it does."""
    skew: float = 0.0
    begun: int = 0
    """The step in which it began."""
    calls: int = 0
    wakes_at: float = 0.0
    stalled: int = 0
    """The number of the step until which it stands still."""
    stalls_at: int = 0
    """The number of the call before which it will stand still once."""
    stalls_before: str = ""
    """Or the call's name: what it has read is old then."""
    stalls_past: int = 0
    """How many calls of that name it makes before that."""
    stalls_for: int = 0
    """For how many steps."""
    struck: str = ""
    """What will strike it once."""
    struck_at: str = ""
    """At calls of this name; at any, if it is empty."""
    struck_past: int = 0
    """How many of these calls it makes before that."""
    reads_in_parts: bool = False
    """Whether its next batch with an account is read in two parts, with so many steps between them."""
    crashed: bool = False
    result: Any = None
    error: Exception | None = None
    over: bool = False
    greenlet: greenlet | None = field(default=None, repr=False)

    def run(self) -> None:
        """Do the work to its end."""
        try:
            self.result = self.work()
        except Crash:
            self.crashed = True
        except Exception as error:  # noqa: BLE001 - what a function raises is what its caller gets, whatever it is
            self.error = error
        self.over = True


_idle: list[greenlet] = []
"""Greenlets whose invocation is over, ready for another. Each new one would have memory mapped for its frames, which is
given back at its end: that took 5 % of a run's time.
"""


def _one_after_the_other(task: Task | None) -> None:
    """What a greenlet does: run the invocation that it is handed, then wait for the next. It holds on to none of them,
    for the collector does not look into a greenlet that waits.
    """
    hub = getcurrent().parent
    while True:
        if task is not None:
            task.run()
        task = None
        task = hub.switch()


class Scheduler:
    """Time, and the invocations under way."""

    def __init__(self) -> None:
        self.now = FIRST
        self.step = 0
        self.tasks: list[Task] = []
        self.current: Task | None = None
        self._hub = getcurrent()

    def begin(
        self, name: str, work: Callable[[], Any], ended: Callable[[Task], None], limit: float, skew: float = 0.0
    ) -> Task:
        """Begin an invocation; it runs when it is its turn."""
        task = Task(name, work, ended, self.now + limit, skew, self.step)
        task.greenlet = _idle.pop() if _idle else greenlet(_one_after_the_other, self._hub)
        self.tasks.append(task)
        return task

    def runnable(self) -> list[Task]:
        """Those that neither sleep nor stand still."""
        return [task for task in self.tasks if task.wakes_at <= self.now and task.stalled <= self.step]

    def turn(self, task: Task) -> None:
        """Let it go on until it waits for something, is left where it is, or is over."""
        assert task.greenlet is not None
        self.current = task
        task.greenlet.switch(task)
        self.current = None
        if task.over:
            _idle.append(task.greenlet)
            self.tasks.remove(task)
            task.ended(task)

    def leave(self) -> None:
        """Leave the current invocation where it is."""
        self._hub.switch()
        self.check()

    def stall(self, steps: int) -> None:
        """Leave the current invocation where it is for so many steps."""
        assert self.current is not None
        self.current.stalled = self.step + steps
        self.leave()

    def sleep(self, seconds: float) -> None:
        """Let the current invocation wait; without one, time passes."""
        task = self.current
        if task is None:
            self.now += seconds
            return
        task.wakes_at = self.now + seconds
        self.leave()

    def check(self) -> None:
        """End the current invocation if it is dead, or its time is up."""
        task = self.current
        if task is not None and (task.crashed or self.now >= task.ends_at):
            self.crash()

    def crash(self) -> None:
        """Kill the current invocation. What it calls on its way down has no effect: it is gone."""
        assert self.current is not None
        self.current.crashed = True
        raise Crash

    def run(self, task: Task) -> None:
        """Let it go on until it waits, stands still, or is over."""
        while task in self.runnable():
            self.turn(task)

    def finish(self) -> None:
        """Let all that is under way come to its end; time passes where all of them sleep."""
        while self.tasks:
            for task in self.tasks:
                task.stalled = 0
            ready = self.runnable()
            if ready:
                self.turn(ready[0])
            else:
                self.now = min(task.wakes_at for task in self.tasks)

    def pass_time(self, seconds: float) -> None:
        """Time passes, while all that is under way comes to its end."""
        until = self.now + seconds
        self.finish()
        self.now = max(self.now, until)


class TaskClock:
    """The Clock port: the time as the machine of the current invocation has it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> datetime:
        """See Clock."""
        task = self._scheduler.current
        return datetime.fromtimestamp(self._scheduler.now + (task.skew if task is not None else 0.0), tz=UTC)

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._scheduler.sleep(seconds)
