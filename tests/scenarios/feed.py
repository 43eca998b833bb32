"""What Stripe has told, and which of it is whose."""

from __future__ import annotations

import threading
from typing import Any

from tests.integration.purchase.shop import Shop

Event = dict[str, Any]
_LINKS = ("id", "customer", "charge", "payment_intent", "client_reference_id", "subscription", "invoice")


class Feed:
    """All events of the stand-in, oldest first; read on from where the last look ended."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Event, set[str]]] = {}

    def read(self) -> list[tuple[Event, set[str]]]:
        """All events so far, each with the names in it."""
        with self._lock:
            fresh: list[Event] = []
            after: dict[str, str] = {}
            while True:
                page = self._shop.stripe("GET", "events", limit=20 if not fresh else 100, **after)
                unseen = [event for event in page["data"] if event["id"] not in self._known]
                fresh += unseen
                if len(unseen) < len(page["data"]) or not page["has_more"]:
                    break
                after = {"starting_after": page["data"][-1]["id"]}
            self._known |= {event["id"]: (event, _names(event["data"]["object"])) for event in reversed(fresh)}
            return list(self._known.values())

    def of(self, seeds: set[str]) -> tuple[list[Event], set[str]]:
        """The events of all objects that lead to `seeds` (a user, a customer, an order), and those objects' ids."""
        known, events = set(seeds), self.read()
        while True:
            found = [event for event, names in events if names & known]
            wider = known | {event["data"]["object"].get("id") for event in found} - {None}
            if wider == known:
                return found, known
            known = wider


def _names(obj: dict[str, Any]) -> set[str]:
    """What an object says of itself: its id, whose it is, and what it belongs to."""
    told = [obj.get(name) for name in _LINKS] + list((obj.get("metadata") or {}).values())
    return {name for name in told if isinstance(name, str)}
