"""Which tests run which lines: https://docs.python.org/3/library/sys.monitoring.html."""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean
from types import CodeType, FunctionType

_TOOL = 4


def functions_of(paths: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    """The functions that live in memory, by file, name and first line; a class with slots has some of them twice.

    Raises LookupError when there is none at all: then nothing could be told from anything.
    """
    gc.unfreeze()  # a frozen object is in no list: https://docs.python.org/3/library/gc.html#gc.freeze
    found = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in paths:
            found[key_of(thing.__code__)].append(thing)
    if not found:
        raise LookupError(f"no test loads any of {', '.join(sorted(paths))}")
    return found


def key_of(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def within(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from within(constant)


class Watched:
    """What was run of some code since one last asked."""

    def __init__(self, codes: Sequence[CodeType]) -> None:
        self._run: set[tuple[str, int]] = set()
        sys.monitoring.use_tool_id(_TOOL, "mutation")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._saw)
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.PY_START, self._saw_begin)
        wanted = sys.monitoring.events.LINE | sys.monitoring.events.PY_START
        for code in codes:
            for part in within(code):
                sys.monitoring.set_local_events(_TOOL, part, wanted)

    def _saw(self, code: CodeType, line: int) -> object:
        self._run.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    def _saw_begin(self, code: CodeType, _: int) -> object:
        """What has all of its body in its first line, as a lambda does, has no LINE event."""
        return self._saw(code, code.co_firstlineno)

    def during[T](self, do: Callable[[], T]) -> tuple[T, list[tuple[str, int]], float]:
        """What it answered, the lines that were run, by file, and the seconds that it took."""
        self._run.clear()
        sys.monitoring.restart_events()
        begun = time.monotonic()
        answer = do()
        return answer, sorted(self._run), time.monotonic() - begun


@dataclass(frozen=True)
class Known:
    """The tests, how long each takes, and which lines of ours it runs."""

    tests: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    by_line: dict[str, dict[int, list[int]]] = field(default_factory=dict)

    def add(self, test: str, lines: Iterable[tuple[str, int]], seconds: float) -> None:
        for path, line in lines:
            self.by_line.setdefault(path, {}).setdefault(line, []).append(len(self.tests))
        self.tests.append(test)
        self.seconds.append(seconds)

    def of(self, path: str, lines: tuple[int, int] | None = None) -> list[int]:
        """The tests that run any of these lines of a file, or any line at all. Those of one file stay together."""
        ran = self.by_line.get(path, {})
        chosen = ran if lines is None else range(lines[0], lines[1] + 1)
        found = {test for line in chosen for test in ran.get(line, ())}
        pace = defaultdict(list)
        for test in found:
            pace[_file(self.tests[test])].append(self.seconds[test])
        return sorted(found, key=lambda test: (mean(pace[_file(self.tests[test])]), _file(self.tests[test]), test))


def _file(test: str) -> str:
    return test.partition("::")[0]
