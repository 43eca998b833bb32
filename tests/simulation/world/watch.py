"""Watches every transaction as it is committed, and holds the invariants of system.md against it.

It reads the items as they were written, with nothing of the product's own code: balance = sum of ledger = sum of lots;
at most one grant for each session or invoice line; never more reversed than granted; every entry has a cause.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulation.world.counted import Counted
from tests.simulation.world.journal import Journal
from tests.simulation.world.promised import Promised, left_of

_STRIPES = frozenset({"PURCHASE", "RENEWAL", "REFUND", "REFUND_FAILED", "DISPUTE", "DISPUTE_WON"})
"""Kinds of ledger entries that an object of Stripe must be the cause of."""
_GRANTS = frozenset({"PURCHASE", "RENEWAL"})
_CONVERGED = frozenset({"APPLIED", "NOOP"})
_OPEN = frozenset({"PARKED", "QUARANTINED"})
_VERSION = re.compile(r'"version":(\d+)')
_WATCHED = ("user", "version", "balance", "lots", "reservations")
"""What is looked at of an account."""


class Violation(BaseException):
    """An invariant does not hold. Nothing catches it: a handler that goes on would hide it."""


def plain(attribute: Mapping[str, Any]) -> Any:
    """A value in DynamoDB's notation, as JSON has it."""
    ((kind, held),) = attribute.items()
    if kind == "S":
        return held
    if kind == "N":
        return int(held)
    if kind == "L":
        return [plain(part) for part in held]
    if kind == "M":
        return {name: plain(part) for name, part in held.items()}
    if kind == "NULL":
        return None
    return set(held) if kind == "SS" else held


def plain_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as JSON has it."""
    return {name: plain(attribute) for name, attribute in item.items()}


def _updated(write: Mapping[str, Any]) -> str | None:
    """The user whose account a write updates."""
    key = write.get("Update", {}).get("Key", {}).get("pk", {}).get("S", "")
    return str(key).removeprefix("ACCOUNT#") if key.startswith("ACCOUNT#") else None


class Watch:
    """What was committed so far, and what must hold of it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.sums: dict[str, int] = defaultdict(int)
        self.versions: dict[str, int] = defaultdict(int)
        self.granted: dict[tuple[str, str], int] = defaultdict(int)
        """By user and Stripe object, what the ledger says that it granted."""
        self.sessions: set[str] = set()
        """Checkout sessions that have granted."""
        self.lots: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        """By user, what each lot granted."""
        self.owners: dict[str, str] = {}
        """By Stripe customer, the user whose it is by our records."""
        self.adopting = False
        """Whether customers that others have made may be taken over."""
        self.froze: Callable[[Mapping[str, Any]], None] = lambda order: None
        """Looks at an order as it is written."""
        self.now: Callable[[], float] = lambda: 0.0
        """Unix seconds."""
        self.outcomes: dict[str, str] = {}
        """By event, what the events table says."""
        self.commits = 0
        self.worked_on: dict[str, int] = {}
        """By customer, which of the commits was the last that worked on an event of it."""
        self.healed_at = 0
        """Which of the commits was the last before rest."""
        self.counted = Counted()
        self.promised = Promised()
        self.stripe_version: Callable[[str], int] = lambda user: 0
        """The counter of a user's account as it is stored."""

    def written(self, items: list[dict[str, Any]]) -> None:
        """A transaction was committed."""
        self.commits += 1
        account: dict[str, Any] | None = None
        entries: list[dict[str, Any]] = []
        outcomes: list[str] = []
        for write in items:
            put = write.get("Put")
            if put is None:
                continue
            table, item = put["TableName"], put["Item"]
            if table == "ledger":
                entries.append(plain_item(item))
            elif table == "events":
                outcomes.append(item["outcome"]["S"])
                self._event(item["id"]["S"], outcomes[-1], item.get("customer", {}).get("S"))
            else:
                account = self._put(item["pk"]["S"], item) or account
        if entries or account is not None:
            self._booked(account, entries)
        user = account["user"] if account is not None else next(filter(None, map(_updated, items)), None)
        wrong = self.counted.committed(user, self.stripe_version(user) if user is not None else 0, outcomes)
        if wrong is not None:
            raise Violation(wrong)

    def _put(self, key: str, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """An item of the accounts' table was written; the account, if it is one."""
        if key.startswith("ACCOUNT#"):
            return {name: plain(item[name]) for name in _WATCHED}
        if key.startswith("CUSTOMER#"):
            self._owned(item["customer"]["S"], item["user"]["S"])
        elif key.startswith("ORDER#"):
            self.froze(plain_item(item))
        elif key.startswith("LOT#"):
            self._moved(plain_item(item))
        return None

    def replaced(self, key: str, old: str, new: str) -> None:
        """Another text has taken a cached one's place: never that of a later version (money rule 25)."""
        was, is_now = _VERSION.search(old), _VERSION.search(new)
        if was is not None and is_now is not None and int(is_now[1]) < int(was[1]):
            raise Violation(f"the cache went back from version {was[1]} to {is_now[1]}: {key}")

    def _event(self, event: str, outcome: str, customer: str | None) -> None:
        if outcome == "PARKED" and customer in self.owners:
            raise Violation(f"event {event} is parked, and its customer {customer} has an owner")
        known = self.outcomes.get(event)
        if known is not None and known not in _OPEN:
            raise Violation(f"event {event} was {known}, and is recorded again as {outcome}")
        self.outcomes[event] = outcome
        if customer is not None and outcome in _CONVERGED:
            self.worked_on[customer] = self.commits

    def _owned(self, customer: str, user: str) -> None:
        """Money rule 23: a customer has one owner, and one of others is given only to whom its address belongs."""
        if self.owners.setdefault(customer, user) != user:
            raise Violation(f"customer {customer} of {self.owners[customer]} is given to {user}")
        foreign = self.journal.foreign.get(customer)
        if foreign is None:
            return
        if not self.adopting or foreign.email != f"{user}@example.com" or foreign.hints.isdisjoint({None, user}):
            raise Violation(f"customer {customer}, which is {foreign}, is given to {user}")
        self.journal.owners[customer] = user
        self.journal.taken.setdefault(customer, self.now())

    def _moved(self, lot: dict[str, Any]) -> None:
        if left_of(lot) or lot["held"]:
            raise Violation(f"a lot left its account with something left: {lot}")
        user = lot["pk"].split("#")[1]
        self.lots[user][lot["purchase"], lot["line"]] = lot["granted"]

    def _booked(self, account: dict[str, Any] | None, entries: list[dict[str, Any]]) -> None:
        if account is None:
            raise Violation(f"ledger entries without their account: {entries}")
        user = account["user"]
        for entry in sorted(entries, key=lambda each: each["index"]):
            self._entry(user, account["version"], entry)
        if account["version"] != self.versions[user] + 1:
            raise Violation(f"{user}'s account went from version {self.versions[user]} to {account['version']}")
        self.versions[user] = account["version"]
        left = 0
        for lot in account["lots"]:
            left += self._lot(user, lot)
        if not account["balance"] == left == self.sums[user]:
            raise Violation(
                f"{user}: balance {account['balance']}, lots {left}, ledger {self.sums[user]} "
                f"at version {account['version']}"
            )
        for wrong in self.promised.wrong(account, entries):
            raise Violation(wrong)
        self._grants(user)

    def _entry(self, user: str, version: int, entry: dict[str, Any]) -> None:
        if entry["user"] != user or entry["version"] != version:
            raise Violation(f"an entry of another account or version: {entry}")
        self.sums[user] += entry["amount"]
        if entry["balance_after"] != self.sums[user]:
            raise Violation(f"an entry does not follow on from the one before: {entry}")
        kind, cause = entry["kind"], entry.get("stripe_object") or ""
        if not entry["actor"] or not entry["reason"] or (kind in _STRIPES and not cause):
            raise Violation(f"an entry without a cause: {entry}")
        if kind in _GRANTS:
            if cause.startswith("cs_") and cause in self.sessions:
                raise Violation(f"session {cause} has granted twice")
            self.sessions.add(cause)
            self.granted[user, cause] += entry["amount"]
        if kind == "SPEND" and entry["amount"] != -sum(share["amount"] for share in entry["lots"]):
            raise Violation(f"a spend whose lots do not add up: {entry}")
        self.journal.entries.setdefault(user, []).append(entry)

    def _lot(self, user: str, lot: dict[str, Any]) -> int:
        if not 0 <= lot["reversed"] <= lot["granted"]:
            raise Violation(f"{user}: more reversed than granted: {lot}")
        if lot["expired"] < 0 or lot["used"] < 0 or lot["held"] < 0:
            raise Violation(f"{user}: a lot below nothing: {lot}")
        if lot["expired"] not in (0, max(0, lot["granted"] - lot["reversed"] - lot["used"] - lot["held"])):
            raise Violation(f"{user}: more expired, or less, than was left and not held: {lot}")
        self.lots[user][lot["purchase"], lot["line"]] = lot["granted"]
        return left_of(lot)

    def _grants(self, user: str) -> None:
        """What the ledger says was granted for an object is what its lots were granted, each lot once."""
        granted: dict[str, int] = defaultdict(int)
        for (purchase, _), amount in self.lots[user].items():
            if not purchase.startswith("adj_"):
                granted[purchase.split("#", 1)[0]] += amount
        for (owner, cause), amount in self.granted.items():
            if owner == user and granted.get(cause, 0) != amount:
                raise Violation(f"{user}: {cause} granted {amount} by the ledger, {granted.get(cause, 0)} by its lots")
