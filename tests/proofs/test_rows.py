"""The list is whole: each row has tests that name it and a patch that fits, or a document, or is named here as open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.proofs.document import PAGE, rendered
from tests.proofs.rows import HERE, NAMES, Row, read_rows, rows_named, spoken_in
from tests.proofs.workbench import REPOSITORY, Workbench

ROWS = read_rows()
PROVEN = [row for row in ROWS.values() if row.tests]
DOCUMENTS = {"F47", "S19"}
OPEN: set[str] = set()
"""Rows that nothing holds yet. One that is built leaves this list; none may join it unseen."""
LACKING = {"S21"}
"""Rows that are held, and without a part that the design asks for."""

PRODUCT = (".github/", "layers/", "functions/", "template.yaml", "local/", "plumb/", "requirements/")
MOST_LINES = 16
"""Of a patch, taken out and put in: it takes away one mechanism, and a person sees at a glance which."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("rows") / "copy")


def test_every_row_is_there_in_its_order() -> None:
    assert tuple(ROWS) == NAMES


def test_what_is_a_document_or_open_is_known() -> None:
    assert {row.name for row in ROWS.values() if row.document} == DOCUMENTS
    assert {row.name for row in ROWS.values() if row.open} == OPEN
    assert {row.name for row in ROWS.values() if row.lacks} == LACKING


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_says_what_it_is_about(row: Row) -> None:
    for text in (row.wrong, row.right, row.mechanism):
        assert 8 < len(text) < 300, text
    path, _, name = row.where.partition(": ")
    assert (REPOSITORY / path).is_file()
    assert name.rpartition(".")[2] in (REPOSITORY / path).read_text()


@pytest.mark.parametrize("row", PROVEN, ids=[row.name for row in PROVEN])
def test_its_tests_exist_and_name_it(row: Row) -> None:
    for test in row.tests:
        assert row.name in set(rows_named(spoken_in(test))), test


@pytest.mark.parametrize("row", PROVEN, ids=[row.name for row in PROVEN])
def test_its_patch_is_small_and_breaks_the_product_alone(row: Row) -> None:
    text = row.patch.read_text()
    changed = re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", text, re.MULTILINE)
    assert changed
    assert all(path.startswith(PRODUCT) for path in changed)
    assert len(re.findall(r"^[-+](?![-+]{2} )", text, re.MULTILINE)) <= MOST_LINES


@pytest.mark.parametrize("row", PROVEN, ids=[row.name for row in PROVEN])
def test_its_patch_fits(row: Row, bench: Workbench) -> None:
    bench.fits(row.patch)


def test_no_patch_is_left_over() -> None:
    assert {path.name for path in (HERE / "patches").iterdir()} == {row.patch.name for row in PROVEN}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_speaks_of_its_row(name: str) -> None:
    path, _, anchor = (ROWS[name].document or "").partition("#")
    headings = re.findall(r"^#+ (.*)$", (REPOSITORY / path).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert name in (REPOSITORY / path).read_text()


def test_the_page_is_what_make_failure_modes_writes() -> None:
    assert PAGE.read_text() == rendered()


def test_a_test_that_is_not_there_is_found_out() -> None:
    here = Path(__file__).relative_to(REPOSITORY).as_posix()
    with pytest.raises(LookupError, match="no such test"):
        spoken_in(f"{here}::test_of_nothing")
    with pytest.raises(LookupError, match="no such file"):
        spoken_in("tests/unit/test_nowhere.py::test_it")
    with pytest.raises(LookupError, match="not one test"):
        spoken_in(here)


def test_rows_are_named_one_by_one_or_as_a_range() -> None:
    assert [*rows_named("F01, F36 to F38; S01-S03. XF09, F1 and F100 are none.")] == [
        *("F01", "F36", "F37", "F38", "S01", "S02", "S03"),
    ]
