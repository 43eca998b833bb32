"""Watches what was promised of credits: what is reserved is nobody else's, and what has run out is nobody's.

Money rules 16, 17 and 20, held against each account as it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

type Item = Mapping[str, Any]
type Lots = dict[tuple[str, int], Item]


def left_of(lot: Item) -> int:
    """What a lot adds to the balance."""
    left: int = lot["granted"] - lot["reversed"] - lot["used"] - lot["expired"]
    return left


def by_key(lots: Sequence[Item]) -> Lots:
    """Lots by what granted them."""
    return {(lot["purchase"], lot["line"]): lot for lot in lots}


class Promised:
    """The reservations and lots of each account as they were written last."""

    def __init__(self) -> None:
        self._open: dict[str, set[str]] = defaultdict(set)
        self._run_out: dict[str, set[tuple[str, int]]] = defaultdict(set)

    def wrong(self, account: Item, entries: Sequence[Item]) -> Iterator[str]:
        """What does not hold of an account that was written with these entries."""
        user, lots = account["user"], by_key(account["lots"])
        made = {each["id"]: each for each in account["reservations"]}
        yield from self._reserved(user, account, made, lots)
        for entry in entries:
            if entry["kind"] != "SPEND":
                continue
            if entry.get("reference") is None:
                yield from self._spent(account, entry, lots)
            elif entry["reference"] in made:
                yield f"{user}: what reservation {entry['reference']} held is spent, and it is still open"
        self.begins(user, account)

    def begins(self, user: str, account: Item) -> None:
        """An account as it stands now."""
        self._open[user] = {each["id"] for each in account["reservations"]}
        self._run_out[user] = {(lot["purchase"], lot["line"]) for lot in account["lots"] if lot["expired"]}

    def _reserved(self, user: str, account: Item, made: Mapping[str, Item], lots: Lots) -> Iterator[str]:
        held: dict[tuple[str, int], int] = defaultdict(int)
        for reservation in made.values():
            if reservation["amount"] != sum(share["amount"] for share in reservation["shares"]):
                yield f"{user}: a reservation whose shares do not add up: {reservation}"
            for share in reservation["shares"]:
                held[share["purchase"], share["line"]] += share["amount"]
        here = {key: lot["held"] for key, lot in lots.items() if lot["held"]}
        if here != held:
            yield f"{user}: lots hold {here}, reservations {dict(held)}"
        for name in made.keys() - self._open[user]:
            shares = [(share["purchase"], share["line"]) for share in made[name]["shares"]]
            yield from self._taken(account, f"reservation {name}", shares, lots)

    def _spent(self, account: Item, entry: Item, lots: Lots) -> Iterator[str]:
        """A spend that captures nothing leaves what is reserved, of the whole and of each lot, and what has run out."""
        shares = [(share["purchase"], share["line"]) for share in entry["lots"]]
        yield from self._taken(account, f"a spend, {entry},", shares, lots)
        gone = [key for key in shares if key in self._run_out[account["user"]] or _over(lots.get(key), entry["at"])]
        if gone:
            yield f"{account['user']}: a spend took what had run out: {entry}, {gone}"

    def _taken(self, account: Item, by: str, shares: Sequence[tuple[str, int]], lots: Lots) -> Iterator[str]:
        reserved = sum(reservation["amount"] for reservation in account["reservations"])
        short = [lots[key] for key in shares if key in lots and left_of(lots[key]) < lots[key]["held"]]
        if account["balance"] < reserved or short:
            yield f"{by} took what was reserved: {reserved} of {account['balance']}, {short}"


def _over(lot: Item | None, at: str) -> bool:
    if lot is None or lot["expires_at"] is None:
        return False
    return datetime.fromisoformat(lot["expires_at"]) <= datetime.fromisoformat(at)
