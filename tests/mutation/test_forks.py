"""Forked work: what it answers, that its time is kept, and that so many are at it at once."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.mutation.forks import Ended, Task, in_a_fork, in_forks


def test_an_answer_comes_back_and_what_was_spoilt_does_not() -> None:
    spoilt = [1]
    assert in_a_fork(spoilt.pop, 10) == Ended(True, 1)
    assert spoilt == [1]
    assert in_a_fork(lambda: None, 10) == Ended(True, None)


def test_what_breaks_down_answers_nothing_and_says_why_if_it_can() -> None:
    assert in_a_fork(lambda: os._exit(3), 10) == Ended(False)
    broken = in_a_fork(lambda: 1 // 0, 10)
    assert (broken.answered, broken.late) == (False, False)
    assert broken.error.endswith("ZeroDivisionError: integer division or modulo by zero\n")


def test_what_goes_on_for_ever_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    def endless() -> None:
        (tmp_path / "child").write_text(str(subprocess.Popen(["sleep", "60"]).pid))
        while True:
            pass

    assert in_a_fork(endless, 0.1) == Ended(False, late=True)
    deadline = time.monotonic() + 10
    while _lives(int((tmp_path / "child").read_text())):
        assert time.monotonic() < deadline


def _lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def test_no_more_at_once_and_a_task_is_made_when_its_turn_comes(tmp_path: Path) -> None:
    made = []

    def tasks() -> Iterator[Task[int]]:
        for number in range(5):
            made.append(number)
            yield Task(number, partial(pow, number, 2), 10)

    done = []
    for about, ended in in_forks(tasks(), 2):
        done.append((about, ended.answer))
        assert len(made) <= len(done) + 2
    assert sorted(done) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]
    assert list(in_forks(iter(()), 2)) == []
