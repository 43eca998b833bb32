"""Log and metrics of an operator's command: nothing is printed between its results.

What is done is in the ledger, with the actor; what fails is raised. The counts stay readable for the command that wants
to show them.
"""

from collections import Counter


class QuietLog:
    """The Log port. The last warning is kept: the cache tells of its failures in no other way."""

    def __init__(self) -> None:
        self.last_warning: tuple[str, dict[str, object]] | None = None

    def info(self, message: str, **ids: object) -> None:
        """See Log."""

    def warning(self, message: str, **ids: object) -> None:
        """See Log."""
        self.last_warning = (message, ids)

    def error(self, message: str, **ids: object) -> None:
        """See Log."""

    def failure(self, message: str, exc: BaseException, **ids: object) -> None:
        """See Log."""


class QuietMetrics:
    """The Metrics port: counts in memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """See Metrics."""
        self.counts[name] += int(value)

    def duration(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """See Metrics."""
