"""Work in forked processes: each has the memory of its parent, may spoil it, and is ended in time."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task[T]:
    """What a process is to do, for whom, and within how many seconds of the processor's time."""

    about: T
    do: Callable[[], Any]
    seconds: float


@dataclass(frozen=True)
class Ended:
    """How a process ended: with an answer, `late` when its time was over, or neither, and maybe `error` says why."""

    answered: bool
    answer: Any = None
    late: bool = False
    error: str = ""


def in_a_fork(do: Callable[[], Any], seconds: float) -> Ended:
    """Do one thing in a process of its own."""
    return next(ended for _, ended in in_forks([Task(None, do, seconds)], 1))


def in_forks[T](tasks: Iterable[Task[T]], at_once: int) -> Iterator[tuple[T, Ended]]:
    """Do many things, so many at once. A task is asked for when there is room for it, and not before."""
    running: dict[int, tuple[int, float, T]] = {}
    coming = iter(tasks)
    more = True
    while more or running:
        while more and len(running) < at_once:
            task = next(coming, None)
            more = task is not None
            if task:
                pid, pipe = _begin(task)
                running[pipe] = pid, time.monotonic() + 5 * task.seconds + 30, task.about
        if not running:
            return
        first = min(deadline for _, deadline, _ in running.values())
        ready, _, _ = select.select(list(running), [], [], max(0.0, first - time.monotonic()))
        overdue = [pipe for pipe, (_, deadline, _) in running.items() if deadline < time.monotonic()]
        for pipe in {*ready, *overdue}:
            pid, _, about = running.pop(pipe)
            yield about, _end(pid, pipe, late=pipe not in ready)


def _begin(task: Task[Any]) -> tuple[int, int]:
    reads, writes = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writes)
        return pid, reads
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        signal.setitimer(signal.ITIMER_PROF, task.seconds)  # SIGPROF ends the process
        told = b""
        try:
            told = pickle.dumps(Ended(True, task.do()))
        finally:
            if error := sys.exception():
                told = pickle.dumps(Ended(False, error="".join(traceback.format_exception(error))))
            with os.fdopen(writes, "wb") as pipe:
                pipe.write(told)
    finally:
        os._exit(0)


def _end(pid: int, reads: int, *, late: bool) -> Ended:
    """Take the answer, and end the process with all that it started."""
    with os.fdopen(reads, "rb") as pipe:
        told = b"" if late else pipe.read()
    os.killpg(pid, signal.SIGKILL)  # the process is there until it is waited for
    _, status = os.waitpid(pid, 0)
    if told:
        ended: Ended = pickle.loads(told)
        return ended
    return Ended(False, late=late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF))
