"""The commands that the pages tell a reader to type, and whether the program they are for would take them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from plumb.cli import cli
from tests.unit.docs import aws_cli
from tests.unit.docs.aws_cli import LACKS

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("aws", "make", "plumb")
_ANSWERED = ("--help", "--version")
"""Options that are answered whatever else is missing."""

_BLOCK = re.compile(r"^ {4}(?:.*\\\n)*.*", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Command:
    """What a page says to type, with where it says it."""

    page: str
    words: tuple[str, ...]
    whole: bool = True
    """To be typed as it stands; a span in a sentence may only name it, as in "`plumb account`"."""

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands(page: Path, root: Path = ROOT) -> Iterator[Command]:
    """All commands of a page for programs that we know: lines of its indented blocks, and spans of code."""
    name = page.relative_to(root).as_posix()
    text = page.read_text()
    blocks = [match.group().replace("\\\n", " ").strip() for match in _BLOCK.finditer(text)]
    spans = [span.replace("\n", " ") for span in _SPAN.findall(_BLOCK.sub("", text))]
    for said, whole in [(each, True) for each in blocks] + [(each, False) for each in spans]:
        for line in _calls(said.removeprefix("$ ")):
            words = _words(line)
            if len(words) > 1 and Path(words[0]).name in PROGRAMS:
                yield Command(name, (Path(words[0]).name, *words[1:]), whole)


def _calls(said: str) -> Iterator[str]:
    """A line's commands: what stands in $(...) by itself, and both sides of a pipe or of &&."""
    for inner in re.findall(r"\$\(([^()]+)\)", said):
        yield from _calls(inner)
    yield from re.split(r"\s(?:\||&&)\s|;\s|\s{2,}(?=[a-z])|\s#\s", re.sub(r"\$\(([^()]+)\)", "VALUE", said))


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line.strip())
    except ValueError:  # prose in an indented list
        return []
    return [word for word in words if not re.match(r"^[0-9]?[<>]", word)]


def wrong(command: Command) -> str | None:
    """What its program would not take of it."""
    said = {"aws": aws_cli.wrong, "make": _make, "plumb": _plumb}[command.words[0]](command.words[1:])
    whole = command.whole and not set(_ANSWERED) & set(command.words)
    return said if said is None or whole or not said.startswith(LACKS) else None


def _make(words: tuple[str, ...]) -> str | None:
    goals = [word for word in words if "=" not in word and not word.startswith("-")]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return next((f"no target {goal}" for goal in goals if goal not in targets), None)


def _plumb(words: tuple[str, ...]) -> str | None:
    """By plumb's own parser, which reads options and arguments and does nothing yet. Of `a|b|c` any will do."""
    command: click.Command = cli
    context: click.Context | None = None
    left = [word.partition("|")[0] for word in words if word not in _ANSWERED]
    try:
        while True:
            context = command.make_context(command.name or "plumb", left, parent=context)
            if not isinstance(command, click.Group):
                return None
            rest = [*context._protected_args, *context.args]
            if not rest:
                return None if command.invoke_without_command else f"{LACKS} a command"
            _, found, left = command.resolve_command(context, rest)
            assert found is not None
            command = found
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError) as error:
        return f"{LACKS} something: {error.format_message()}"
    except click.BadOptionUsage as error:
        return f"{LACKS} an argument: {error.format_message()}"
    except click.UsageError as error:
        return error.format_message()
