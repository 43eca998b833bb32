"""Domain objects of plain values: nothing is converted to fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, NewType

import pytest

from billing.adapters.dynamodb import shapes
from billing.adapters.dynamodb.shapes import read, written
from billing.domain.ids import UnfitError

Name = NewType("Name", str)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    name: Name
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    number: int
    flag: bool
    at: datetime
    colour: Colour
    maybe: str | None
    parts: tuple[Part, ...] = ()
    alone: Part | None = None
    count: int = 0
    made: Part = field(default_factory=lambda: Part(Name("made")))


@pytest.fixture(autouse=True)
def readers_are_built_anew() -> None:
    """Else a change of the code would not reach them."""
    shapes._reader.cache_clear()


NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
NEEDED: dict[str, Any] = {"number": 7, "flag": True, "at": "2026-11-28T12:00:00Z", "colour": "red", "maybe": None}
MADE = {"name": "made", "ends": None}
BARE = Whole(7, True, NOON, Colour.RED, None)
FULL = Whole(7, True, NOON, Colour.RED, "a", (Part(Name("b"), NOON), Part(Name("c"))), Part(Name("d")), 3)


def test_every_field_is_written_as_a_plain_value() -> None:
    assert written(BARE) == {**NEEDED, "parts": [], "alone": None, "count": 0, "made": MADE}
    assert written(FULL)["parts"] == [{"name": "b", "ends": "2026-11-28T12:00:00Z"}, {"name": "c", "ends": None}]
    assert written(FULL)["alone"] == {"name": "d", "ends": None}


@pytest.mark.parametrize("thing", [BARE, FULL], ids=["bare", "full"])
def test_what_is_written_is_read(thing: Whole) -> None:
    assert read(Whole, written(thing)) == thing


def test_what_is_absent_is_what_it_is_by_default() -> None:
    assert read(Whole, NEEDED) == BARE


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON.replace(microsecond=5), "2026-11-28T12:00:00.000005Z"),
        (datetime(2026, 11, 28, 13, tzinfo=timezone(timedelta(hours=1))), "2026-11-28T12:00:00Z"),
    ],
    ids=["with a fraction", "of another zone"],
)
def test_times_are_in_utc(moment: datetime, text: str) -> None:
    assert written(Part(Name("a"), moment))["ends"] == text
    assert read(Part, {"name": "a", "ends": text}) == Part(Name("a"), moment)


@pytest.mark.usefixtures("in_tokyo")
def test_times_are_in_utc_on_a_machine_elsewhere() -> None:
    assert written(Part(Name("a"), NOON))["ends"] == "2026-11-28T12:00:00Z"


def test_names_of_no_field_are_left_alone() -> None:
    assert read(Whole, {**NEEDED, "pk": "WHOLE#1", "of_a_later_release": {"a": 1}}) == BARE


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"number": "7"}, "number"),
        ({"number": True}, "number"),
        ({"number": None}, "number"),
        ({"flag": 1}, "flag"),
        ({"flag": "true"}, "flag"),
        ({"at": 1795867200}, "at"),
        ({"at": "2026-11-28T12:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"colour": "blue"}, "colour"),
        ({"colour": 1}, "colour"),
        ({"colour": ["red"]}, "colour"),
        ({"maybe": 1}, "maybe"),
        ({"parts": "bc"}, "parts"),
        ({"parts": None}, "parts"),
        ({"parts": ["b"]}, "parts"),
        ({"parts": [{"name": None}]}, "name"),
        ({"alone": []}, "alone"),
        ({"alone": {"ends": None}}, "name"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused_by_its_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(UnfitError) as refused:
        read(Whole, NEEDED | change)
    assert str(refused.value) == named


def test_what_is_no_mapping_at_all_is_refused_by_its_kind() -> None:
    nothing: Any = []
    with pytest.raises(UnfitError, match=r"^Whole$"):
        read(Whole, nothing)


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_refused_by_its_name(name: str) -> None:
    values = {key: value for key, value in NEEDED.items() if key != name}
    with pytest.raises(UnfitError) as refused:
        read(Whole, values)
    assert str(refused.value) == name


@pytest.mark.parametrize("hint", [float, dict[str, int], tuple[int, str], int | str, list[int]], ids=repr)
def test_a_type_that_no_field_has_had_is_refused_when_it_is_met(hint: Any) -> None:
    kind: Any = dataclass(type("Odd", (), {"__annotations__": {"field": hint}}))
    with pytest.raises(TypeError):
        read(kind, {"field": 1})
