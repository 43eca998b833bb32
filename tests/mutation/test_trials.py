"""A small program is mutated and tried by its own tests: what they say becomes a verdict, each as it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.rooms import REPOSITORY

CODE = """import os
from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class Lot:
    granted: int
    used: int = 0

    @property
    def left(self):
        return self.granted - self.used


def stepped(number):
    return number + 2


def counted(number):
    while number > 0:
        number -= 1
    return number


def never(number):
    return number - 1


def leaves(number):
    return number if number < 5 else os._exit(3)


def above(limit):
    return lambda number: number > limit
"""
TESTS = """import gc
import pytest
from hypothesis import given, settings, strategies as st
from program.lots import Lot, above, counted, leaves, stepped

ran = []
above_3 = above(3)
gc.freeze()


@pytest.fixture(scope="module")
def lot():
    return Lot(4, 1)


def test_left(lot, capsys):
    print("said")
    assert capsys.readouterr().out
    assert lot.left == 3
    assert Lot(4).left == 4


def test_counted():
    assert counted(3) == 0


def test_leaves():
    assert leaves(3) == 3


def test_stepped():
    assert stepped(1) == 3


def test_above():
    assert not above_3(3)


@settings(max_examples=500)
@given(st.integers())
def test_few_examples_are_played(number):
    ran.append(number)
    stepped(number)
    assert len(ran) < 30
"""


ONE_AFTER_THE_OTHER = """import program.lots as lots


def test_first():
    assert lots.stepped(1) == 3


def test_second():
    lots.seen = True


def test_third():
    assert lots.seen
"""


ONE_PLUGIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
"""To load the others takes longer than the program's tests."""


def tried(root: Path, tests: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Try the program's mutants by these tests."""
    (root / "program").mkdir()
    (root / "program/lots.py").write_text(CODE)
    (root / "test_lots.py").write_text(tests)
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\nfilterwarnings = error\n")
    out = root / "out"
    plan = {"paths": ["program/lots.py"], "tests": ["test_lots.py"], "at_once": 2, "out": str(out), "grace": 0.5}
    environment = os.environ | {"PYTHONPATH": f"{root}:{REPOSITORY}", **ONE_PLUGIN}
    command = [sys.executable, "-m", "tests.mutation.trials", json.dumps(plan)]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True), out


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[str | None, bool, int]]:
    done, out = tried(tmp_path_factory.mktemp("program"), TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in out.read_text().splitlines()]
    return {(function, becomes): (killed, late, tests) for _, function, _, becomes, _, killed, late, tests in found}


@pytest.mark.parametrize(
    ("function", "becomes", "killer"),
    [
        ("Lot.left", "return self.granted + self.used", "test_lots.py::test_left"),
        ("stepped", "return number - 2", "test_lots.py::test_stepped"),
        ("counted", "while number > 1:", "test_lots.py::test_counted"),
        ("above", "return lambda number: number >= limit", "test_lots.py::test_above"),
    ],
)
def test_a_mutant_is_killed_by_the_test_that_sees_it(verdicts, function: str, becomes: str, killer: str) -> None:
    killed, late, _ = verdicts[function, becomes]
    assert (killed, late) == (killer, False)


def test_one_that_never_ends_is_ended(verdicts) -> None:
    assert verdicts["counted", "number += 1"] == (None, True, 1)


def test_one_that_no_test_sees_survives(verdicts) -> None:
    assert verdicts["never", "return number + 1"] == (None, False, 0)


def test_one_whose_process_ends_without_a_word_survives(verdicts) -> None:
    assert verdicts["leaves", "return number if (number < 5) and False else os._exit(3)"] == (None, False, 1)


def test_nothing_is_tried_by_tests_of_which_one_needs_another_before_it(tmp_path: Path) -> None:
    """It would fail on any mutant that it is tried on alone, and kill it."""
    done, out = tried(tmp_path, ONE_AFTER_THE_OTHER)
    assert done.returncode != 0
    assert "not green before anything is mutated: ['test_lots.py::test_third']" in done.stdout + done.stderr
    assert not out.read_text()


def test_a_mutant_is_tried_by_the_tests_that_run_its_line(verdicts) -> None:
    assert verdicts["stepped", "return number - 2"][2] == 2
    assert verdicts["Lot.left", "return self.granted + self.used"][2] == 1
