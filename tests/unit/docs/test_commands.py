"""What the pages tell a reader to type is something that the program takes: options, arguments, targets, operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.docs.commands import Command, commands, wrong
from tests.unit.docs.test_links import PAGES

ALL = list(dict.fromkeys(command for page in PAGES if page.name != "CHANGELOG.md" for command in commands(page)))


@pytest.mark.parametrize("command", ALL, ids=str)
def test_a_command_of_the_docs_is_taken(command: Command) -> None:
    assert wrong(command) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("make rnu", "no target rnu"),
        ("plumb resink", "No such command 'resink'."),
        ("plumb restore mend --sinse T", "No such option '--sinse'. (Did you mean one of: '--json', '--since'?)"),
        ("plumb account", "lacks something: Missing argument 'USER'."),
        ("aws dynamo get-item", "no service dynamo"),
        ("aws dynamodb get-items", "no operation get-items of dynamodb"),
        ("aws dynamodb get-item --tabel-name t --key {}", "GetItem has no --tabel-name"),
        ("aws dynamodb get-item --table-name t", "lacks --key"),
        ("aws dynamodb wait table-there --table-name t", "no waiter table-there"),
    ],
)
def test_what_a_program_does_not_take_is_told(words: str, said: str) -> None:
    assert wrong(Command("page.md", tuple(words.split()))) == said


def test_commands_are_found_wherever_a_page_says_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Then `plumb check` and `.venv/bin/plumb\nresync USER`, of `plumb`.\n\n"
        "    aws sqs purge-queue \\\n        --queue-url URL\n"
        "    T=$(make -s token USER=a) && plumb doctor --json | jq .\n"
        "    $ plumb report; echo $?\n    a word of prose that isn't one\n"
    )
    assert [(" ".join(each.words), each.whole) for each in commands(page, tmp_path)] == [
        ("aws sqs purge-queue --queue-url URL", True),
        ("make -s token USER=a", True),
        ("plumb doctor --json", True),
        ("plumb report", True),
        ("plumb check", False),
        ("plumb resync USER", False),
    ]
