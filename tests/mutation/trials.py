"""Try mutants, in a copy of the checkout, which the tests may spoil: `python -m tests.mutation.trials` of a plan.

The tests are collected once. For each mutant a forked process puts the mutated code into the living function and runs
the tests that run the changed lines, until one fails: first those that killed the function's last mutants, then the
files whose tests are quickest.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.forks import Ended, Task, in_a_fork, in_forks
from tests.mutation.lines import Known, Watched, functions_of, key_of, within
from tests.mutation.mutants import Mutant, mutants_in

_LOADED = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
_OPTIONS = ("-qq", "-s", "-n0", "-x", "-p", "no:cacheprovider", "--tb=no", "--assert=plain", *_LOADED)
"""No word about a failure is wanted, and finding it takes longer than the test."""
_EXAMPLES = 4
_WHOLE_SUITE = 1800.0
_TIMES_AS_LONG = 5
_TELLS = 10.0
"""Seconds between two lines that tell how far it is."""


@dataclass(frozen=True)
class Plan:
    """What to try, by which files of tests, how many at once, and where to write what came of it."""

    paths: Sequence[str]
    tests: Sequence[str]
    at_once: int
    out: str
    grace: float = 3.0
    """Seconds of the processor's time that a mutant has, beside five times what its tests take."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed by a test that failed, `late` when it went on for ever, or neither: it survived.

    One whose process ended without a word of a failed test has survived too.
    """

    mutant: Mutant
    killed: str | None
    late: bool
    tests: int


class Trials:
    """In place of running the session's tests once, run for each mutant those that concern it.

    Hypothesis plays the same few examples each time: a verdict must not depend on chance, nor cost minutes.
    """

    def __init__(self, mutants: Sequence[Mutant], plan: Plan, tell: Callable[[Verdict], None]) -> None:
        self.mutants = mutants
        self.plan = plan
        self.tell = tell
        self.known = Known()
        self._tried = self._survived = 0
        self._told = 0.0
        self._killers: dict[tuple[str, str], list[int]] = defaultdict(list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        quiet = list(HealthCheck)
        settings.register_profile(
            "mutation",
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=quiet,
            phases=(Phase.explicit, Phase.generate),  # the failure is enough; a small one is for people
        )
        settings.load_profile("mutation")

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        test: Any = getattr(item, "obj", None)
        if getattr(test, "is_hypothesis_test", False):  # a test's own number of examples wins over the profile's
            few = settings(test._hypothesis_internal_use_settings, max_examples=_EXAMPLES)
            test._hypothesis_internal_use_settings = few

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self) -> tuple[str, str, str]:
        """No word of the tests that run in this process: what is told is of mutants."""
        return "", "", ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        here = Path.cwd()
        print(f"  {len(session.items)} tests run twice over the clean code", flush=True)
        _warm(session)
        living = functions_of({str(here / mutant.path) for mutant in self.mutants})
        for item, (lines, seconds) in zip(session.items, _green(partial(_observe, session, living, here)), strict=True):
            self.known.add(item.nodeid, lines, seconds)
        _green(partial(_backwards, session))
        print(f"  {len(self.mutants)} mutants are tried; all tests take {sum(self.known.seconds):.0f} s", flush=True)
        self._told = time.monotonic()
        gc.collect()
        gc.freeze()
        for (mutant, tests), ended in in_forks(self._tasks(session, living, here), self.plan.at_once):
            self._judge(mutant, tests, ended)
        return True

    def _tasks(self, session: pytest.Session, living: Living, here: Path) -> Iterator[Task[tuple[Mutant, list[int]]]]:
        for mutant in self.mutants:
            first = self._killers[mutant.path, mutant.function][-3:][::-1]
            tests = [*dict.fromkeys(first), *(t for t in self.known.of(mutant.path, mutant.lines) if t not in first)]
            seconds = self.plan.grace + _TIMES_AS_LONG * sum(self.known.seconds[test] for test in tests)
            yield Task((mutant, tests), partial(_try_called, session, tests, living, mutant, here), seconds)

    def _judge(self, mutant: Mutant, tests: list[int], ended: Ended) -> None:
        killer = None
        if ended.error:
            print(f"{mutant.name} could not be tried, and counts as survived: {ended.error}", flush=True)
        if ended.answer is not None:
            self._killers[mutant.path, mutant.function].append(ended.answer)
            killer = self.known.tests[ended.answer]
        self.tell(Verdict(mutant, killer, ended.late, len(tests)))
        self._tried += 1
        self._survived += killer is None and not ended.late
        if time.monotonic() - self._told >= _TELLS or self._tried == len(self.mutants):
            self._told = time.monotonic()
            print(f"  {self._tried} of {len(self.mutants)} mutants tried, {self._survived} survived", flush=True)


type Living = dict[tuple[str, str, int], list[FunctionType]]


def _green[T](run: Callable[[], tuple[list[str], T]]) -> T:
    """What a run of the clean code found. Raises UsageError when a test failed: it would kill any mutant."""
    ran = in_a_fork(run, _WHOLE_SUITE)
    if not ran.answered or ran.answer[0]:
        raise pytest.UsageError(f"not green before anything is mutated: {ran.answer[0] if ran.answered else ran}")
    found: T = ran.answer[1]
    return found


def _warm(session: pytest.Session) -> None:
    """Run a test before anything is forked: what it loads, and the fixtures of the session, are there for all then."""
    nextitem: Any = session  # keeps what belongs to the session, and takes down the rest
    session.items[0].config.hook.pytest_runtest_protocol(item=session.items[0], nextitem=nextitem)


def _observe(session: pytest.Session, living: Living, here: Path) -> tuple[list[str], list[Any]]:
    """Run all tests, and see which lines each runs, and how long it takes; with those that failed."""
    watched = Watched([functions[0].__code__ for functions in living.values()])
    failed, ran = list[str](), list[Any]()
    for index, item in enumerate(session.items):
        red, lines, seconds = watched.during(partial(_run, session, session.items, index))
        ran.append([[[str(Path(name).relative_to(here)), line] for name, line in lines], seconds])
        failed += [item.nodeid] if red else []
    return failed, ran


def _backwards(session: pytest.Session) -> tuple[list[str], None]:
    """Run all tests from last to first. Mutants are tried by a few tests in an order of their own: a test that needs
    another one before it, or can't stand it, fails in this order or in the usual one, and kills nothing by that.
    """
    items = session.items[::-1]
    return [item.nodeid for index, item in enumerate(items) if _run(session, items, index)], None


def _run(session: pytest.Session, items: Sequence[pytest.Item], index: int) -> bool:
    """Run a test; the next one says which fixtures may stay. True when it failed."""
    item, following = items[index], items[index + 1] if index + 1 < len(items) else None
    failed = session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return session.testsfailed > failed


def _try_called(
    session: pytest.Session, tests: Sequence[int], living: Living, mutant: Mutant, here: Path
) -> int | None:
    """The test that failed on the mutant, or none."""
    if not tests:
        return None  # its file may not even be loaded
    _put_in(mutant, living, here)
    items = [session.items[test] for test in tests]
    return next((test for index, test in enumerate(tests) if _run(session, items, index)), None)


def _put_in(mutant: Mutant, living: Living, here: Path) -> None:
    path = str(here / mutant.path)
    put = 0
    for code in within(compile(mutant.source, path, "exec", dont_inherit=True)):
        for function in living.get(key_of(code), ()):
            function.__code__ = code
            put += 1
    assert put, mutant.name


def try_all(plan: Plan) -> None:
    """Try the mutants of some files by some tests, and write a line for each verdict."""
    here = Path.cwd()
    mutants = [mutant for path in plan.paths for mutant in mutants_in(here, path)]
    with Path(plan.out).open("a", buffering=1) as told:

        def tell(verdict: Verdict) -> None:
            told.write(json.dumps([*verdict.mutant.name, verdict.killed, verdict.late, verdict.tests]) + "\n")

        code = pytest.main([*_OPTIONS, *plan.tests], plugins=[Trials(mutants, plan, tell)])
    # pytest has run no test itself.
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"the mutants could not be tried: pytest ended with {code}")


if __name__ == "__main__":
    try_all(Plan(**json.loads(sys.argv[1])))
