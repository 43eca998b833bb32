"""The command itself, with rows that are proven in seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.proofs.__main__ import main
from tests.proofs.prove import prove
from tests.proofs.rows import read_rows
from tests.proofs.workbench import Workbench

pytestmark = pytest.mark.timeout(400)  # each starts pytest several times, on a machine that may be busy
ROWS = read_rows()


def test_rows_are_proven(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["F37", "F57"]) == 0
    said = capsys.readouterr().out
    assert "F37  proven" in said
    assert "F57  proven" in said


def test_a_test_that_stays_green_or_was_not_green_proves_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    bench = Workbench(tmp_path_factory.mktemp("prove") / "copy")
    rounding, customer = ROWS["F37"], ROWS["F57"]
    indifferent = replace(rounding, tests=customer.tests)
    [proof] = prove([indifferent], bench)
    assert proof.wrong == tuple(f"{test} stays green without the mechanism" for test in customer.tests)
    with bench.broken_by(customer.patch):
        broken, patched_twice = prove([replace(rounding, tests=(*rounding.tests, *customer.tests)), customer], bench)
    assert broken.wrong == tuple(f"{test} is not green before anything is broken" for test in customer.tests)
    assert "F57.patch does not fit" in patched_twice.wrong[-1]


def test_a_row_that_does_not_exist_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["F99"]) == 2
    assert "no such row: F99" in capsys.readouterr().err
