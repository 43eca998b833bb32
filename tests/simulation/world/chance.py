"""Chance as a tape of decisions: each has a name, and what is not on the tape comes out as the plainest one.

A decision is a number from 0 on, and 0 is always the one with which nothing special happens. Only the others are
written down. So a run can be repeated from its tape alone, and a tape from which decisions are taken out is still a
whole tape: that is what makes a failing run shrinkable. The names do not count how often chance was asked before, so
that leaving one decision out does not move all that follow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random

type Name = tuple[str | int, ...]
type Tape = dict[Name, int]


class Weights:
    """Outcomes by weight; the first is the plainest."""

    __slots__ = ("names", "total", "upto")

    def __init__(self, weighted: Mapping[str, float]) -> None:
        self.names = tuple(weighted)
        self.upto = tuple(accumulate(weighted.values()))
        self.total = self.upto[-1]


class Chance:
    """Decides by a seed, and writes the tape; or decides by a tape."""

    def __init__(self, seed: int, tape: Mapping[Name, int] | None = None) -> None:
        self.seed = seed
        self.tape: Tape = dict(tape) if tape is not None else {}
        self.replays = tape is not None
        self._random = Random(seed).random

    def number(self, name: Name, below: int) -> int:
        """A number from 0 to `below`, which is left out; all are as likely."""
        if self.replays:
            return self.tape.get(name, 0) % below
        return self._kept(name, int(self._random() * below))

    def of(self, name: Name, weights: Weights) -> str:
        """One of the outcomes."""
        if self.replays:
            return weights.names[self.tape.get(name, 0) % len(weights.names)]
        return weights.names[self._kept(name, bisect_right(weights.upto, self._random() * weights.total))]

    def happens(self, name: Name, likelihood: float) -> bool:
        """Whether something special happens."""
        if self.replays:
            return self.tape.get(name, 0) != 0
        return bool(self._kept(name, int(self._random() < likelihood)))

    def one[T](self, name: Name, things: Sequence[T]) -> T:
        """One of some things."""
        return things[self.number(name, len(things))]

    def _kept(self, name: Name, value: int) -> int:
        if value:
            self.tape[name] = value
        else:
            self.tape.pop(name, None)  # a deed that could not be done may have asked before
        return value
