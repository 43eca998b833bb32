"""Watches the counter of converges, on which the order of what is read and written rests (money rules 1 to 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_CONVERGED = frozenset({"APPLIED", "NOOP"})
"""What a converge records of its events."""


class Counted:
    """`stripe_version` of each account: each converge moves it on by one, also one that changes nothing, and no other
    write moves it.
    """

    def __init__(self) -> None:
        self.known: dict[str, int] = defaultdict(int)

    def committed(self, user: str | None, now: int, outcomes: Iterable[str]) -> str | None:
        """A transaction was committed, which left the counter of this user's account at `now` and recorded events with
        these outcomes. What is wrong with that.
        """
        converged = not _CONVERGED.isdisjoint(outcomes)
        if user is None:
            return "events are recorded as worked through by a transaction without an account" if converged else None
        was, self.known[user] = self.known[user], now
        if now not in (was, was + 1) or (converged and now == was):
            return f"{user}'s stripe_version went from {was} to {now}" + (" in a converge" if converged else "")
        return None
