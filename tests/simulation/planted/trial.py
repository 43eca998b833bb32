"""A copy of the checkout in which bugs are planted, one after the other, and what looks on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

from tests.proofs.workbench import BenchError, Workbench
from tests.simulation.planted.bugs import FIRST_SEED, Bug, Result, Seen, Units

_GRACE = 300.0
"""Seconds beyond those that a simulation was given, to start and to end its last seed."""
_LONG = 7200.0
_PRODUCT = ("layers", "functions", "plumb")
_SIMULATION = ("tests/simulation", "local/stripe", ":!tests/simulation/planted")

type Tell = Callable[[str], None]


def first_failure(bench: Workbench, runs: int, seconds: float, tell: Tell, seed: int = FIRST_SEED) -> dict[str, Any]:
    """How many seeds were tried in the copy as it is, the one that failed if one did, and its failure."""
    asked = ("--runs", str(runs), "--seed", str(seed), "--seconds", str(seconds))
    said: dict[str, Any] = {}
    for line in bench.told("tests.simulation.planted.first", *asked, seconds=seconds + _GRACE):
        said = json.loads(line)
        if "failure" not in said:
            tell(f"none of {said['tried']} seeds fails yet, {runs} at most")
    return said


class Trial:
    """Tries one bug after the other. What is known of one already stays known."""

    def __init__(self, bench: Workbench, tell: Tell) -> None:
        self._bench = bench
        self._tell = tell
        bench.run("compileall", "-q", "layers", "local", "tests/simulation", seconds=_GRACE)  # half of each start
        self._whole = range(0)
        self._product, self._simulation = _last_commit(_PRODUCT), _last_commit(_SIMULATION)

    def whole(self, runs: int, seed: int = FIRST_SEED) -> None:
        """Raise BenchError unless the copy as it is passes these seeds: what fails there tells of no bug."""
        if seed in self._whole and seed + runs - 1 in self._whole:
            return
        first = first_failure(self._bench, runs, _LONG, lambda said: self._tell(f"without a bug: {said}"), seed)
        if first["seed"] is not None:
            raise BenchError(f"seed {first['seed']} fails without any bug: {first['failure']}")
        which = f"seeds {seed} to {seed + runs - 1} pass" if runs > 1 else f"seed {seed} passes"
        self._tell(f"without a bug: {which}")
        self._whole = range(seed, seed + runs) if runs > 1 else self._whole

    def simulate(self, bug: Bug, known: Result, runs: int, seconds: float) -> Result:
        """Simulate until a seed fails, which the whole copy must pass."""
        with self._bench.broken_by(bug.patch):
            first = first_failure(self._bench, runs, seconds, lambda said: self._tell(f"{bug.name}: {said}"))
        tried, failure = first["tried"], first["failure"]
        if failure is not None:
            self.whole(1, first["seed"])
        seen = f"seed {first['seed']} fails: {failure}" if failure is not None else f"none of {tried} seeds fails"
        self._tell(f"{bug.name}: {seen}")
        return replace(
            known,
            seen=Seen(self._product, self._simulation, tried, None if failure is None else tried, failure),
        )

    def units(self, chosen: Sequence[Bug]) -> Iterator[tuple[Bug, Units]]:
        """What the unit tests say, of each bug as soon as it is known.

        All of them take minutes, so they are run with many bugs planted at once: what fails there is run again on each
        bug alone. Those that nothing sees alone are planted together once more, and then every unit test must be green.
        """
        with self._planted(chosen):
            suspects = self._failing("tests/unit")
        if broken := self._failing(*suspects):
            raise BenchError(f"these fail without any bug: {broken}")
        silent = []
        for bug in chosen:
            if failed := self._alone(bug, suspects):
                yield bug, Units(self._product, None, failed)
            else:
                silent.append(bug)
        while silent:
            with self._planted(silent) as together:
                verdict = self._bench.pytest("tests/unit", seconds=_LONG, errors_fail=True)
            self._tell(f"{len(together)} together: {len(verdict.passed)} passed, failed: {sorted(verdict.failed)}")
            others = _functions(verdict.failed)
            found = {bug.name: self._alone(bug, others) if others else None for bug in together}
            if others and not any(found.values()):
                raise BenchError(f"these fail with several bugs only: {others}")
            for bug in together:
                if not others or found[bug.name]:
                    yield bug, Units(self._product, None if others else len(verdict.passed), found[bug.name])
                    silent.remove(bug)

    def _alone(self, bug: Bug, tests: Sequence[str]) -> str | None:
        with self._bench.broken_by(bug.patch):
            failed = self._failing(*tests, "-x") if tests else []
        self._tell(f"{bug.name}: {failed[0] if failed else 'no unit test'} fails")
        return failed[0] if failed else None

    def _failing(self, *tests: str) -> list[str]:
        return _functions(self._bench.pytest(*tests, seconds=_LONG, errors_fail=True).failed) if tests else []

    @contextmanager
    def _planted(self, chosen: Sequence[Bug]) -> Iterator[list[Bug]]:
        """Plant all that fit beside each other; those that change the same lines as another one are left out."""
        with ExitStack() as stack:
            there = []
            for bug in chosen:
                with suppress(BenchError):
                    stack.enter_context(self._bench.broken_by(bug.patch))
                    there.append(bug)
            yield there

    def enumerate(self, bug: Bug, known: Result) -> Result:
        """Play what each check plays of all that can be enumerated."""
        failed = self._alone(bug, ["tests/simulation/test_exhaustive.py"])
        return replace(known, enumerated=None if failed is None else failed.rsplit("/", 1)[-1])


def _functions(names: Iterable[str]) -> list[str]:
    """The test functions, whatever their parameters."""
    return sorted({name.split("[", 1)[0] for name in names})


def _last_commit(paths: tuple[str, ...]) -> str:
    command = ["git", "log", "-1", "--format=%h", "--abbrev=12", "--", *paths]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
