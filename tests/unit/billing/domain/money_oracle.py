"""The rules of money worked out a second time, from docs/design/money.md alone: nothing of the domain is used here.

Where the domain keeps targets in lots, writes differences and moves finished lots away, this keeps plain figures for
ever and adds them up anew for each question. So a mistake in either shows as a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

type Key = tuple[str, int]
type Shares = Mapping[Key, int]
type Part = tuple[int, str]
"""A refund or a dispute: its amount, and its status."""

ON_ITS_WAY = ("pending", "requires_action", "succeeded")
HELD_BY_THE_BANK = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review", "lost")


@dataclass
class Grant:
    credits: int
    at: datetime
    expires: datetime | None
    reversed: int = 0
    used: int = 0


@dataclass
class Held:
    until: datetime
    shares: Shares


@dataclass
class Oracle:
    """One user's credits."""

    grants: dict[Key, Grant] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)

    def granted(self, source: str, lines: Iterable[tuple[int, datetime | None]], at: datetime) -> None:
        """Rules 12, 15: what a payment grants is frozen when it is first seen."""
        for line, (credits, expires) in enumerate(lines):
            self.grants.setdefault((source, line), Grant(credits, at, expires))

    def money_back(self, source: str, captured: int, refunds: Iterable[Part], disputes: Iterable[Part]) -> None:
        """Rule 18: the same share of all lines together, rounded down once."""
        back = sum(amount for amount, status in refunds if status in ON_ITS_WAY)
        back += sum(amount for amount, status in disputes if status in HELD_BY_THE_BANK)
        lines = sorted(key for key in self.grants if key[0] == source)
        total = before = 0
        for key in lines:
            total += self.grants[key].credits
            upto = total * min(back, captured) // captured
            self.grants[key].reversed, before = upto - before, upto

    def spend(self, amount: int, now: datetime) -> Shares | None:
        """Rule 17: None where there is not enough. First to expire first, then oldest first."""
        shares = self._shares(amount, now)
        self._use(shares or {})
        return shares

    def reserve(self, name: str, amount: int, until: datetime, now: datetime) -> bool:
        """Rule 20: a reservation counts as used, and ends by itself."""
        shares = self._shares(amount, now)
        if shares is not None:
            self.held[name] = Held(until, shares)
        return shares is not None

    def capture(self, name: str, amount: int, now: datetime) -> Shares | None:
        """Up to what was reserved; the rest goes back."""
        found = self._open(now).get(name)
        if found is None or amount > sum(found.shares.values()):
            return None
        del self.held[name]
        taken = {}
        for key, held in found.shares.items():
            taken[key] = min(held, amount)
            amount -= taken[key]
        self._use(taken)
        return taken

    def release(self, name: str, now: datetime) -> bool:
        return name in self._open(now) and bool(self.held.pop(name))

    def undo(self, shares: Shares) -> None:
        self._use({key: -amount for key, amount in shares.items()})

    # ------------------------------------------------------------------------------------------------ questions

    def reserved(self, now: datetime) -> int:
        return self._held(now).total()

    def balance(self, now: datetime) -> int:
        """Rules 16, 17: what is left over all grants; once past expiry only what is owed, or held."""
        return sum(self._left(key, now) for key in self.grants)

    def available(self, now: datetime) -> int:
        return max(0, self.balance(now) - self.reserved(now))

    def _left(self, key: Key, now: datetime) -> int:
        grant = self.grants[key]
        left = grant.credits - grant.reversed - grant.used
        over = grant.expires is not None and now >= grant.expires
        return min(left, self._held(now)[key]) if over else left

    def _open(self, now: datetime) -> dict[str, Held]:
        return {name: held for name, held in self.held.items() if now < held.until}

    def _held(self, now: datetime) -> Counter[Key]:
        return sum((Counter(held.shares) for held in self._open(now).values()), Counter())

    def _shares(self, amount: int, now: datetime) -> Shares | None:
        if amount > self.available(now):
            return None
        far = datetime.max.replace(tzinfo=now.tzinfo)
        shares, held = dict[Key, int](), self._held(now)
        for key in sorted(self.grants, key=lambda key: (self.grants[key].expires or far, self.grants[key].at, key)):
            part = min(amount, self._left(key, now) - held[key])
            if part > 0:
                shares[key] = part
                amount -= part
        return shares

    def _use(self, shares: Shares) -> None:
        for key, amount in shares.items():
            self.grants[key].used += amount
