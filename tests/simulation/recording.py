"""A piece of the record in the making: its seeds run, then it is written, and the page with it."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.simulation.batch import Done
from tests.simulation.record import RECORD, REPOSITORY, Piece, pieces, put, source
from tests.simulation.record_page import write_page


class AlreadyRecorded(Exception):
    """Some of these seeds are recorded for this commit: they would count twice."""


class Incomplete(Exception):
    """Not all of a piece's seeds have run."""


class Recording:
    """A piece in the making. It knows its commit from the beginning, and nothing is written before its end."""

    def __init__(self, first: int, last: int, repository: Path = REPOSITORY) -> None:
        """Raise AlreadyRecorded where a seed of these is recorded for the commit that lies here."""
        self._first, self._last, self._repository = first, last, repository
        self._commit, self._clean = source(repository)
        self._begun, self._clock = datetime.now(UTC), time.monotonic()
        self._refuse_twice(pieces(repository))

    def end(self, done: Done, processes: int) -> Piece:
        """Add the piece, and write the page anew. Raise Incomplete when it is not all of its seeds that ran."""
        runs = self._last - self._first + 1
        if done.runs != runs:
            raise Incomplete(f"{done.runs} of {runs} seeds have run")
        piece = Piece(
            commit=self._commit,
            clean=self._clean,
            begun=self._begun.isoformat(timespec="seconds"),
            first=self._first,
            last=self._last,
            calls=done.calls,
            failed=tuple(sorted(outcome.seed for outcome in done.failed)),
            processes=processes,
            seconds=round(time.monotonic() - self._clock, 1),
            cpu_seconds=round(done.cpu_seconds, 1),
            python=platform.python_version(),
            deeds=done.deeds,
        )
        every = pieces(self._repository)
        self._refuse_twice(every)
        every.append(piece)
        put(self._repository / RECORD, json.dumps([asdict(each) for each in every], indent=2) + "\n")
        write_page(self._repository)
        return piece

    def _refuse_twice(self, every: Sequence[Piece]) -> None:
        for each in every:
            if each.commit == self._commit and each.first <= self._last and self._first <= each.last:
                commit = self._commit[:12]
                raise AlreadyRecorded(f"seeds {each.first} to {each.last} of commit {commit} are recorded already")
