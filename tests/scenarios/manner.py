"""How Stripe's events arrive: as they come, all at the end last first, each twice, or never with a resync instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum


class Manner(StrEnum):
    """One of the four ways in which every row is played."""

    AS_THEY_COME = "as-they-come"
    REVERSED = "reversed"
    DOUBLED = "doubled"
    DROPPED = "dropped"

    @property
    def at_once(self) -> bool:
        """Whether the account sees the whole story in one look."""
        return self is not Manner.AS_THEY_COME

    def order[T](self, events: Sequence[T]) -> list[T]:
        """Which of the events, oldest first, are delivered in which order."""
        match self:
            case Manner.AS_THEY_COME:
                return list(events)
            case Manner.REVERSED:
                return list(reversed(events))
            case Manner.DOUBLED:
                return list(_interleaved(events))
            case Manner.DROPPED:
                return []


def _interleaved[T](events: Sequence[T]) -> Iterator[T]:
    """1 2 1 3 2 4 3 4: each a second time when the next one has already been there."""
    for before, event in zip((None, *events), events, strict=False):
        yield event
        if before is not None:
            yield before
    yield from events[-1:]
