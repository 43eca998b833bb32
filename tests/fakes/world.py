"""Fakes of the small ports, with state that a test can read: clock, chance, log, metrics, queue, secrets, cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.domain.ids import EventId, OrderId, SessionId, UserId
from billing.errors import QueueUnavailable, SecretsUnavailable
from billing.observability import LOGGED_KEYS
from billing.ports.cache import CachedEntitlement, PublishedAccount


class Crash(BaseException):
    """The process is gone: nothing in it can catch this."""


@dataclass
class Calls:
    """What was called, in order, by all fakes that share it; and the place where a test steps in between two calls."""

    made: list[str] = field(default_factory=list)
    broken: dict[str, Exception] = field(default_factory=dict)
    """What a call raises, every time, until it is taken out again."""
    crash_before: int = -1
    crash_after: int = -1
    """The number of the call, from 0 on, at which the process dies: with its effect, or without it."""
    _before: dict[str, list[Callable[[], object]]] = field(default_factory=dict)
    _after: dict[str, list[Callable[[], object]]] = field(default_factory=dict)

    def before(self, name: str, *acts: Callable[[], object]) -> None:
        """Run one act ahead of each of the next calls of this name, while the world is still as it was."""
        self._before.setdefault(name, []).extend(acts)

    def after(self, name: str, *acts: Callable[[], object]) -> None:
        """Run one act behind each of the next calls of this name, when its effect stands and nobody knows yet."""
        self._after.setdefault(name, []).extend(acts)

    @contextmanager
    def called(self, name: str) -> Iterator[None]:
        """Wrap the body of a fake's method."""
        self.made.append(name)
        if self._before.get(name):
            self._before[name].pop(0)()
        if name in self.broken:
            raise self.broken[name]
        number = len(self.made) - 1
        if number == self.crash_before:
            raise Crash
        yield
        if number == self.crash_after:
            raise Crash
        if self._after.get(name):
            self._after[name].pop(0)()

    def count(self, name: str) -> int:
        return self.made.count(name)


def raising(error: Exception) -> Callable[[], None]:
    """An act for `Calls` that raises."""

    def act() -> None:
        raise error

    return act


@dataclass
class FakeClock:
    """Stands still until it is told to move, or somebody sleeps."""

    time: datetime
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeRandomness:
    """No chance: always half of the limit, and order ids that count up."""

    orders: int = 0

    def upto(self, limit: float) -> float:
        return limit / 2

    def order_id(self) -> OrderId:
        self.orders += 1
        return OrderId(f"ord_{self.orders:08d}")


@dataclass(frozen=True)
class Line:
    level: str
    message: str
    ids: Mapping[str, object]


@dataclass
class FakeLog:
    """Keeps the lines; a key that the real log would leave out fails the test."""

    lines: list[Line] = field(default_factory=list)

    def info(self, message: str, **ids: object) -> None:
        self._add("info", message, ids)

    def warning(self, message: str, **ids: object) -> None:
        self._add("warning", message, ids)

    def error(self, message: str, **ids: object) -> None:
        self._add("error", message, ids)

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        self._add("error", message, {"error": type(exc).__name__, **ids})

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self.lines]

    def _add(self, level: str, message: str, ids: Mapping[str, object]) -> None:
        unlisted = set(ids) - LOGGED_KEYS
        assert not unlisted, f"not in observability.LOGGED_KEYS: {sorted(unlisted)}"
        self.lines.append(Line(level, message, {key: value for key, value in ids.items() if value is not None}))


@dataclass
class FakeMetrics:
    """Adds up; a count with dimensions is kept as `name{key=value}` and under its plain name."""

    counts: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    """The values one by one, as CloudWatch gets them."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        self._add(name, value)
        if dimensions:
            self._add(name + "{" + ",".join(f"{key}={dimensions[key]}" for key in sorted(dimensions)) + "}", value)

    def _add(self, name: str, value: float) -> None:
        self.counts[name] = self.counts.get(name, 0) + value
        self.samples.setdefault(name, []).append(value)

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        self.count(name, milliseconds, **dimensions)


@dataclass
class FakeQueue:
    """Keeps what was sent; `down` refuses, and so it does when it has taken `room` messages."""

    bodies: list[str] = field(default_factory=list)
    delayed: list[tuple[str, int]] = field(default_factory=list)
    down: bool = False
    room: int | None = None

    def send(self, body: str) -> None:
        if self.down or len(self.bodies) == self.room:
            raise QueueUnavailable("the queue is down")
        self.bodies.append(body)

    def delay(self, receipt: str, seconds: int) -> None:
        if self.down:
            raise QueueUnavailable("the queue is down")
        self.delayed.append((receipt, seconds))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


@dataclass
class FakeSecrets:
    """Secrets by name; `down` refuses."""

    values: dict[str, Mapping[str, object]]
    down: bool = False

    def read(self, name: str) -> Mapping[str, object]:
        if self.down:
            raise SecretsUnavailable("Secrets Manager is down", secret=name)
        return self.values[name]


@dataclass
class FakeCache:
    """What the real one promises, in dictionaries; `down` answers as if nothing were cached, as the real one does."""

    done: set[EventId] = field(default_factory=set)
    accounts: dict[UserId, PublishedAccount] = field(default_factory=dict)
    catalog_document: str | None = None
    locked: set[SessionId] = field(default_factory=set)
    asked: dict[UserId, int] = field(default_factory=dict)
    """Checkouts of each user, in an hour that does not end."""
    published: list[tuple[list[UserId], list[EventId]]] = field(default_factory=list)
    """Users and done marks of each round trip."""
    kept_seconds: list[int] = field(default_factory=list)
    """How long the catalog was to be kept, each time."""
    down: bool = False

    def is_done(self, event: EventId) -> bool:
        return not self.down and event in self.done

    def publish(self, states: Sequence[PublishedAccount], done: Sequence[EventId]) -> bool:
        if self.down:
            return False
        self.published.append(([state.user for state in states], list(done)))
        for state in states:
            known = self.accounts.get(state.user)
            if known is None or state.version > known.version:
                self.accounts[state.user] = state
        self.done.update(done)
        return True

    def entitlement(self, user: UserId) -> CachedEntitlement | None:
        state = None if self.down else self.accounts.get(user)
        return None if state is None else CachedEntitlement(state.level, state.until, state.version)

    def catalog(self) -> str | None:
        return None if self.down else self.catalog_document

    def keep_catalog(self, document: str, seconds: int) -> None:
        if not self.down:
            self.catalog_document = document
            self.kept_seconds.append(seconds)

    def count_checkout(self, user: UserId) -> int:
        if self.down:
            return 0
        self.asked[user] = self.asked.get(user, 0) + 1
        return self.asked[user]

    def lock_success(self, session: SessionId) -> bool:
        if self.down or session in self.locked:
            return False
        self.locked.add(session)
        return True
