"""What Stripe has told, and which of it is whose."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from tests.integration.purchase.shop import Shop

Event = dict[str, Any]
_LINKS = ("id", "customer", "charge", "payment_intent", "client_reference_id", "subscription", "invoice")


class Feed:
    """All events of the stand-in, oldest first; read on from where the last look ended."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self._number: dict[str, int] = {}
        self._naming: defaultdict[str, list[Event]] = defaultdict(list)

    def read(self) -> None:
        """Read what is new."""
        with self._lock:
            fresh: list[Event] = []
            after: dict[str, str] = {}
            while True:
                page = self._shop.stripe("GET", "events", limit=20 if not fresh else 100, **after)
                unseen = [event for event in page["data"] if event["id"] not in self._number]
                fresh += unseen
                if len(unseen) < len(page["data"]) or not page["has_more"]:
                    break
                after = {"starting_after": page["data"][-1]["id"]}
            for event in reversed(fresh):
                self._number[event["id"]] = len(self._number)
                for name in _names(event["data"]["object"]):
                    self._naming[name].append(event)

    def of(self, seeds: set[str]) -> list[Event]:
        """The events of all objects that lead to `seeds` (a user, a customer, an order), oldest first."""
        self.read()
        found: dict[str, Event] = {}
        known: set[str] = set()
        next_ones = list(seeds)
        while next_ones:
            name = next_ones.pop()
            if name in known:
                continue
            known.add(name)
            for event in list(self._naming.get(name, ())):
                found[event["id"]] = event
                next_ones.append(event["data"]["object"].get("id") or name)
        return sorted(found.values(), key=lambda event: self._number[event["id"]])


def _names(obj: dict[str, Any]) -> set[str]:
    """What an object says of itself: its id, whose it is, and what it belongs to."""
    told = [obj.get(name) for name in _LINKS] + list((obj.get("metadata") or {}).values())
    return {name for name in told if isinstance(name, str)}
