"""What a caller was told, kept under the caller's key, so that a retry is told the same (money rule 20)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.account import Credits
from billing.domain.credits import Reservation
from billing.domain.ids import UserId
from billing.domain.ledger import Entry

KEPT = timedelta(days=30)
"""A caller's own queue may bring a request back days later. Stripe promises 24 hours for its keys
(https://docs.stripe.com/api/idempotent_requests)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an act came to: what there was afterwards, and the entry or the reservation that it was about."""

    credits: Credits
    entry: Entry | None = None
    reservation: Reservation | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A request that was carried out: what it asked for, as a hash, and what it was answered."""

    user: UserId
    key: str
    fingerprint: str
    receipt: Receipt
    at: datetime
    lasting: bool = False
    """Kept for ever: a file of adjustments may be run again after a year. Others may be forgotten after `KEPT`."""


def fingerprint_of(operation: str, asked: Mapping[str, object]) -> str:
    """A hash of what is asked for, by which the same key for something else is noticed."""
    text = json.dumps([operation, asked], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
