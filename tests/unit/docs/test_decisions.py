"""The decision records: each number is one record's, and none is left out."""

from tests.conftest import REPOSITORY

RECORDS = sorted(REPOSITORY.joinpath("docs/decisions").glob("[0-9]*.md"))


def test_numbers_run_on_without_a_gap_and_none_is_taken_twice() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_each_record_is_headed_by_the_number_of_its_file() -> None:
    wrong = [record.name for record in RECORDS if not record.read_text().startswith(f"# {record.name[:4]}: ")]
    assert wrong == []
