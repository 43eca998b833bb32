"""Stripe's list of events, and how far it was read, with the refusals of the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from billing.domain.walk import Walk
from billing.errors import StripeRefused
from billing.ports.stripe import Listed
from tests.fakes.world import Calls

PAGE = 100


@dataclass
class FakeEventList:
    """Events, as Stripe tells them, in the order in which they were made."""

    calls: Calls
    made: list[dict[str, Any]] = field(default_factory=list)

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        with self.calls.called("page"):
            return self._page(types, walk, undelivered=undelivered)

    def _page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        if len(types) > 20:
            raise StripeRefused("You may only specify up to 20 event types.")
        low, high = walk.since.timestamp(), walk.until.timestamp() if walk.until else float("inf")
        found = [
            event
            for event in reversed(self.made)
            if event["type"] in types and int(low) <= event["created"] < int(high)
            if not undelivered or event["pending_webhooks"] > 0
        ]
        if walk.after is not None:
            places = [place for place, event in enumerate(self.made[::-1]) if event["id"] == walk.after]
            if not places:
                raise StripeRefused("No such event", stripe_code="resource_missing", param="starting_after")
            older = self.made[::-1][places[0] + 1 :]
            found = [event for event in found if event in older]
        page = found[:PAGE]
        return Listed(tuple(page), page[-1]["id"] if len(found) > PAGE else None)


@dataclass
class FakeWalks:
    """Walks by name; a write of an old version is refused."""

    calls: Calls
    kept: dict[str, Walk] = field(default_factory=dict)

    def load(self, name: str) -> Walk | None:
        with self.calls.called("load walk"):
            return self.kept.get(name)

    def save(self, walk: Walk) -> Walk | None:
        with self.calls.called("save walk"):
            stands = self.kept.get(walk.name)
            if (stands.version if stands else 0) != walk.version:
                return None
            self.kept[walk.name] = replace(walk, version=walk.version + 1)
            return self.kept[walk.name]
