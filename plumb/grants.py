"""A file of adjustments: read wholly and checked before the first is written, each under a key of its own.

The key is the row's own, from a column, or a hash of what the row says: who, how much, why, until when, and which of
several such rows it is. So a second run of a file does nothing, also after rows were added to it; a month's file that
says the same as last month's needs another reason, another `--batch`, or a column of keys.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from billing.domain.ids import IDEMPOTENCY_KEY, USER_ID, UserId
from billing.services.adjust_credits import MOST
from plumb.errors import PlumbError
from plumb.given import moment_of, unreadable

_REQUIRED = ("user", "amount", "reason")
_COLUMNS = (*_REQUIRED, "key", "expires_at")
_MOST_PROBLEMS = 10


@dataclass(frozen=True)
class Grant:
    """One adjustment. `amount` below 0 takes away."""

    row: int
    """Line of the file, the heading being the first."""
    user: UserId
    amount: int
    reason: str
    key: str
    expires_at: datetime | None


def read_grants(path: Path, reason: str | None, batch: str) -> list[Grant]:
    """Read a file; `reason` stands in where the file has none. Raises PlumbError with all that is wrong."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise unreadable(path, exc) from exc
    unknown = [name for name in columns if name not in _COLUMNS]
    missing = [name for name in _REQUIRED if name not in columns and not (name == "reason" and reason)]
    if unknown or missing:
        wrong = f"has no column {missing[0]}" if missing else f"has a column {unknown[0]}"
        raise PlumbError(f"{path} {wrong}: it takes {', '.join(_COLUMNS)}.")
    seen: Counter[str] = Counter()
    grants, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            grants.append(_grant(number, row, reason, batch, seen))
        except ValueError as exc:
            problems.append(f"row {number}: {exc}")
    problems += _twice(grants)
    if problems:
        shown = problems[:_MOST_PROBLEMS]
        more = [f"and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
        raise PlumbError("\n  ".join([f"{path} can't be used, and nothing was changed:", *shown, *more]))
    return grants


def _grant(number: int, row: dict[str, str], reason: str | None, batch: str, seen: Counter[str]) -> Grant:
    if None in row or None in row.values():
        raise ValueError("it has not as many fields as the heading")
    cells = {name: value.strip() for name, value in row.items()}
    user, amount = cells["user"], cells["amount"]
    if USER_ID.fullmatch(user) is None:
        raise ValueError(f"{user!r} is no user id")
    if not amount.removeprefix("-").isdecimal() or not amount.isascii() or not 0 < abs(int(amount)) <= MOST:
        raise ValueError(f"{amount!r} is no amount: a whole number from 1 to {MOST}, or as much below 0")
    why = cells.get("reason") or reason
    if not why:
        raise ValueError("it has no reason")
    expires_at = _moment(cells.get("expires_at", ""))
    if expires_at is not None and int(amount) < 0:
        raise ValueError("only credits that are given expire")
    key = cells.get("key") or _hash(batch, user, str(int(amount)), why, str(expires_at), seen)
    if IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise ValueError("its key must have from 1 to 255 visible characters")
    return Grant(number, UserId(user), int(amount), why, key, expires_at)


def _hash(batch: str, user: str, amount: str, reason: str, expires_at: str, seen: Counter[str]) -> str:
    row = "\x1f".join((batch, user, amount, reason, expires_at))
    seen[row] += 1
    return f"csv:{hashlib.sha256(f'{row}\x1f{seen[row]}'.encode()).hexdigest()[:40]}"


def _moment(text: str) -> datetime | None:
    """A date, or a time with its offset; a date means its beginning in UTC."""
    if not text:
        return None
    try:
        return moment_of(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2027-01-31 or 2027-01-31T12:00:00Z") from None


def _twice(grants: list[Grant]) -> Iterator[str]:
    """Two rows of one user under one key: the second would be answered with the first."""
    counted = Counter((grant.user, grant.key) for grant in grants)
    for grant in grants:
        if counted[grant.user, grant.key] > 1:
            yield f"row {grant.row}: the key {grant.key} stands there twice for {grant.user}"
