"""The list of survivors: it fits the code and the figures, and a run is held against it both ways."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.mutation.figures import PAGE, percent, read_figures, rendered
from tests.mutation.rooms import REPOSITORY, ROOMS, Room, room_of
from tests.mutation.survivors import Name, Survivor, compared, read_survivors, written

KNOWN = read_survivors()
FIGURES = read_figures()
A: Name = ("a.py", "f", "x > 1", "x >= 1", 1)
B: Name = ("b.py", "Lot.left", "it's", 'a "b"\\c', 2)
TRIED = [room for room in ROOMS if any(path in FIGURES for path in room.paths())]


@cache
def source_of(path: str, function: str) -> str:
    """The lines of a function or method, without blanks."""
    text = (REPOSITORY / path).read_text()
    node: ast.AST = ast.parse(text)
    for name in function.split("."):
        node = next(child for child in ast.walk(node) if getattr(child, "name", None) == name)
    assert isinstance(node, ast.FunctionDef)
    return squeezed("".join(text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_each_survivor_fits_the_code_and_has_a_line_of_reason() -> None:
    for survivor in KNOWN:
        path, function, was, becomes, _ = survivor.name
        assert squeezed(was) in source_of(path, function), survivor.name
        assert was != becomes
        assert 10 < len(survivor.why) < 200, survivor.name
        assert "\n" not in survivor.why


def test_there_are_as_many_as_the_last_run_found() -> None:
    listed = dict.fromkeys(FIGURES, 0)
    for survivor in KNOWN:
        listed[survivor.name[0]] += 1
    assert listed == {path: figures.survived for path, figures in FIGURES.items()}


def test_the_page_shows_the_figures() -> None:
    assert PAGE.read_text() == rendered(FIGURES)


def test_every_room_was_tried() -> None:
    assert [room.name for room in ROOMS if room not in TRIED] == []


@pytest.mark.parametrize("room", TRIED, ids=lambda room: room.name)
def test_enough_of_a_room_is_killed(room: Room) -> None:
    assert percent(FIGURES[path] for path in room.paths() if path in FIGURES) >= room.floor


def test_a_file_is_in_one_room() -> None:
    paths = [path for room in ROOMS for path in room.paths()]
    assert len(paths) == len(set(paths))
    assert "layers/billing/python/billing/domain/credits.py" in paths
    assert room_of("layers/billing/python/billing/services/converge.py") is ROOMS[1]
    assert room_of("plumb/books.py") is None


def test_a_survivor_that_is_not_listed_is_unexplained() -> None:
    assert compared({"a.py"}, [A], []).unexplained == (A,)
    assert compared({"a.py"}, [A], [Survivor(A, "equal")]).unexplained == ()


def test_one_that_is_listed_and_killed_is_stale_where_its_file_was_tried() -> None:
    listed = [Survivor(A, "equal"), Survivor(B, "equal")]
    assert compared({"a.py"}, [], listed).stale == (A,)
    assert compared({"a.py", "b.py"}, [A, B], listed).stale == ()


def test_the_list_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(f"{written(A, 'why')}\n{written(B, 'because')}")
    assert read_survivors(tmp_path) == [Survivor(A, "why"), Survivor(B, "because")]
    assert tomllib.loads(written(A))["survivor"][0]["was"] == "x > 1"


@pytest.mark.parametrize("text", [written(A, " "), written(A, "why") + written(A, "again")])
def test_a_survivor_without_a_reason_or_twice_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(text)
    with pytest.raises(ValueError, match=r"some\.toml: twice, or without a reason"):
        read_survivors(tmp_path)
