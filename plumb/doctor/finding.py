"""What a check finds, and how checks are run: one that fails to run is a finding too, and stops no other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from plumb.reasons import ExpectedErrors
from plumb.world import World


class Status(StrEnum):
    """FAIL: something does not work. WARN: it works, and somebody should look."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor. `check` is a stable name for programs, `fix` says how to mend it."""

    check: str
    status: Status
    message: str
    fix: str | None = None


type Check = Callable[[World], Iterable[Finding]]


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Status.OK, message)


def warn(check: str, message: str, fix: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(check, Status.WARN, message, fix)


def fail(check: str, message: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(check, Status.FAIL, message, fix)


def run(name: str, check: Check, world: World) -> Iterator[Finding]:
    """All that a check finds, its own failure included."""
    failures: list[str] = []
    with ExpectedErrors(failures.append):
        yield from check(world)
    for sentence in failures:
        yield fail(name, sentence, "Mend what the sentence says, and run this again.")
