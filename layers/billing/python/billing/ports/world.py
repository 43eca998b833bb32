"""Time, chance, logs, metrics, the queue and secrets, as shapes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from billing.domain.ids import (
        OrderId,
    )


class Clock(Protocol):
    """Time, and waiting."""

    def now(self) -> datetime:
        """The time, timezone-aware UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Randomness(Protocol):
    """Chance: jitter and new ids."""

    def upto(self, limit: float) -> float:
        """A number from 0 to `limit`."""

    def order_id(self) -> OrderId:
        """A new order id that nobody can guess."""


class Log(Protocol):
    """One JSON line per step: a short constant message, ids as keys; never bodies, e-mail addresses or card data."""

    def info(self, message: str, **ids: object) -> None:
        """A step that went as it should."""

    def warning(self, message: str, **ids: object) -> None:
        """A step that somebody may want to look at."""

    def error(self, message: str, **ids: object) -> None:
        """A step that failed for good."""

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """An exception: its class and where it passed through, never its text."""


class Metrics(Protocol):
    """Counts for dashboards and alarms."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a metric."""

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """Add a measured time."""


class Queue(Protocol):
    """The events queue."""

    def send(self, body: str) -> None:
        """Put a message into the queue; returning means that the queue has it. Raises QueueUnavailable."""

    def delay(self, receipt: str, seconds: int) -> None:
        """Hide a received message for so long before its next try. Raises QueueUnavailable."""


class Secrets(Protocol):
    """Secrets by name."""

    def read(self, name: str) -> Mapping[str, object]:
        """The secret's JSON object; cached for minutes. Raises SecretsUnavailable, Misconfigured."""
