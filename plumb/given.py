"""What an operator gives to read: JSON, and moments. Whatever is wrong with it is one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from plumb.errors import PlumbError

_DEEPEST = 100
"""Levels of JSON. Stripe's events have some ten; Python itself gives up between a thousand and some thousand."""


def json_of(text: str, what: str) -> object:
    """The text as JSON. Raises PlumbError, with `what` it is, for none, and for what no program would write."""
    try:
        found: object = json.loads(text)
    except ValueError as exc:
        raise PlumbError(f"{what} holds no JSON.") from exc
    except RecursionError as exc:
        raise PlumbError(f"{what} is nested more than {_DEEPEST} deep.") from exc
    level = [found]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _within(each)]
    if level:
        raise PlumbError(f"{what} is nested more than {_DEEPEST} deep.")
    return found


def _within(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def unreadable(path: Path | str, exc: Exception) -> PlumbError:
    """Say that a file can't be read, and why: of the system's errors the words alone, without number and path."""
    why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return PlumbError(f"{path} can't be read: {' '.join(why.split()).removesuffix('.')}.")


def moment_of(text: str) -> datetime:
    """A time with its offset, or without one in UTC; a date is its beginning. Raises ValueError.

    Also for a time that only in its own offset is within the years that Python knows.
    """
    found = datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError as exc:
        raise ValueError(f"{text} is out of range") from exc
