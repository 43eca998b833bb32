"""docs/bench.md is what docs/bench.json says."""

from dataclasses import replace

import pytest

from tests.bench.bench_page import PAGE, rendered
from tests.bench.missed import missed
from tests.bench.record import Record, read
from tests.bench.subjects import EMPTY, OURS
from tests.bench.timing import Figure


@pytest.fixture(scope="module")
def record() -> Record:
    return read()


def test_the_page_shows_the_record(record: Record) -> None:
    assert PAGE.read_text() == rendered(record)


def test_a_target_that_is_missed_is_said(record: Record) -> None:
    for factor, said in ((7.9, "yes"), (8.1, "**no**")):
        limit = record.start("webhook", EMPTY).processor.median * factor
        starts = tuple(
            replace(each, processor=Figure(limit, limit, limit)) if each.kind == OURS else each
            for each in record.starts
        )
        line = next(
            line for line in rendered(replace(record, starts=starts)).splitlines() if line.startswith("| webhook |")
        )
        assert f"| {factor:.2f} | {said} |" in line


def test_how_many_targets_are_missed_stands_at_the_head(record: Record) -> None:
    empty = {each.function: each for each in record.starts if each.kind == EMPTY}
    held = replace(record, starts=tuple(replace(empty[each.function], kind=each.kind) for each in record.starts))
    slow = Figure(9 * empty["webhook"].processor.median, 0, 0)
    one = tuple(
        replace(each, processor=slow) if (each.function, each.kind) == ("webhook", OURS) else each
        for each in held.starts
    )
    assert f"1 of {len(empty)} functions take more than 8 times" in " ".join(missed(replace(held, starts=one)))
    assert missed(replace(held, warm=tuple(replace(each, processor=Figure(1, 1, 1)) for each in held.warm))) == [
        "Every target is met."
    ]


def test_spread_is_the_middle_half() -> None:
    assert Figure.of([1.0, 2.0, 3.0, 4.0, 100.0]) == Figure(3.0, 2.0, 4.0)
