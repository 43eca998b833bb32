"""Calls the operator's command in this process, as a terminal or a program would."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plumb.cli import main


@dataclass(frozen=True)
class Result:
    """What a call left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


class _Typed(io.StringIO):
    def __init__(self, text: str, terminal: bool) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Operator:
    """One who calls `plumb` against one running system, or against what moto plays."""

    def __init__(self, capsys: pytest.CaptureFixture[str], run_file: Path | None = None) -> None:
        self._capsys = capsys
        self._run_file = run_file

    def __call__(self, *arguments: str, stdin: str = "", terminal: bool = False) -> Result:
        """Call it; at a `terminal` it may ask, and `stdin` is what is typed."""
        self._capsys.readouterr()
        where = () if self._run_file is None else ("--run-file", str(self._run_file))
        before, sys.stdin = sys.stdin, _Typed(stdin, terminal)
        try:
            with environment({"COLUMNS": "80"}):
                code = main([*where, *arguments])
        finally:
            sys.stdin = before
        said = self._capsys.readouterr()
        return Result(code, said.out, said.err)


@contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """Set variables, and take back whatever else was set meanwhile: the command turns its process to an AWS."""
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
