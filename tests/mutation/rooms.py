"""What is mutated, by which tests it is tried, and how much of it they must kill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BILLING = "layers/billing/python/billing"


SERVICE_TESTS = ("tests/unit/billing/services/test_[!e]*.py", "tests/unit/billing/services/test_ensure_customer.py")
"""Without test_every_order.py: it plays some thousand orders, and takes longer than all others together."""


@dataclass(frozen=True)
class Room:
    """Files, by patterns, and the files of tests that try them. `floor`: in percent, of all their mutants.

    A file that is in several rooms belongs to the first.
    """

    name: str
    floor: float
    files: tuple[str, ...]
    tests: tuple[str, ...]

    def paths(self) -> list[str]:
        return [path for path in matching(self.files) if room_of(path) is self]


def matching(patterns: Iterable[str], root: Path = REPOSITORY) -> list[str]:
    """The files of the repository, or of a copy of it, by their paths in it."""
    found = {path for pattern in patterns for path in root.glob(pattern) if path.name != "__init__.py"}
    return sorted(path.relative_to(root).as_posix() for path in found)


def _services(*names: str) -> tuple[str, ...]:
    return tuple(f"{BILLING}/services/{name}.py" for name in names)


ROOMS = (
    Room("domain", 95, (f"{BILLING}/domain/*.py",), ("tests/unit/billing/domain/test_*.py", *SERVICE_TESTS)),
    Room("converge", 95, _services("converge", "report_converge", "rebuild_account", "settle_due"), SERVICE_TESTS),
    Room(
        "credits",
        95,
        _services("perform_once", "spend_credits", "reserve_credits", "adjust_credits"),
        (*SERVICE_TESTS, "tests/unit/functions/test_credits.py"),
    ),
    Room(
        "webhook",
        85,
        ("functions/webhook/app.py", f"{BILLING}/services/accept_event.py", f"{BILLING}/http/*.py"),
        (
            "tests/unit/functions/test_webhook*.py",
            "tests/unit/functions/test_sample_events.py",
            "tests/unit/functions/test_c*.py",
            "tests/unit/billing/test_http*.py",
            "tests/unit/billing/test_caller*.py",
        ),
    ),
    Room("store", 85, (f"{BILLING}/adapters/dynamodb/*.py",), ("tests/unit/billing/adapters/test_dynamodb_*.py",)),
    Room(
        "stripe",
        95,
        (f"{BILLING}/adapters/stripe_api/*.py",),
        ("tests/unit/billing/adapters/test_stripe_*.py", "tests/unit/billing/adapters/test_session_params.py"),
    ),
    Room(
        "adapters",
        95,
        (f"{BILLING}/adapters/*.py",),
        ("tests/unit/billing/adapters/test_[atu]*.py", "tests/unit/billing/adapters/test_s[eqy]*.py"),
    ),
    Room("bootstrap", 95, (f"{BILLING}/bootstrap/*.py",), ("tests/unit/functions/test_*.py",)),
    Room(
        "handlers",
        85,
        ("functions/*/app.py", f"{BILLING}/config/*.py", f"{BILLING}/observability.py"),
        ("tests/unit/functions/test_*.py", "tests/unit/billing/test_*.py", "tests/unit/billing/config/test_*.py"),
    ),
    Room("services", 85, (f"{BILLING}/services/*.py",), (*SERVICE_TESTS, "tests/unit/functions/test_*.py")),
)


def room_of(path: str) -> Room | None:
    """The room that a file belongs to, or none."""
    return next((room for room in ROOMS if any(Path(path).full_match(pattern) for pattern in room.files)), None)
