"""The decision records: each number is one record's, none is left out, and the index has them all."""

import re

from tests.conftest import REPOSITORY

RECORDS = sorted(REPOSITORY.joinpath("docs/decisions").glob("[0-9]*.md"))


def test_numbers_run_on_without_a_gap_and_none_is_taken_twice() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_each_record_is_headed_by_the_number_of_its_file() -> None:
    wrong = [record.name for record in RECORDS if not record.read_text().startswith(f"# {record.name[:4]}: ")]
    assert wrong == []


def test_the_index_has_each_record_by_its_title_and_says_which_were_amended() -> None:
    index = RECORDS[0].with_name("README.md").read_text()
    rows = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| (.+?) \| (.*?) ?\|$", index, re.MULTILINE)
    titles = [(record.name[:4], record.name, record.read_text().splitlines()[0][8:]) for record in RECORDS]
    assert [row[:3] for row in rows] == titles
    texts = {record.name[:4]: record.read_text() for record in RECORDS}
    amended = {number for number, text in texts.items() if re.search(r"^(?:## )?Amended", text, re.MULTILINE)}
    replaced = {old for text in texts.values() for old in re.findall(r"Replaces [^.]*\b(\d{4})\b", text)}
    assert {number for number, _, _, by in rows if by} == amended | replaced
