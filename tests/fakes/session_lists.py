"""Stripe's list of checkout sessions, and how far their purchases have come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.domain.ids import PurchaseKey
from billing.domain.purchase import PurchaseState
from billing.domain.walk import Walk
from billing.errors import StripeRefused
from billing.ports.stripe import Listed
from tests.fakes.stores import FakeTables
from tests.fakes.world import Calls

PAGE = 100


@dataclass
class FakeSessionList:
    """Sessions, as Stripe tells them, in the order in which they were made."""

    calls: Calls
    made: list[dict[str, Any]] = field(default_factory=list)

    def page(self, walk: Walk) -> Listed:
        with self.calls.called("list sessions"):
            low, high = walk.since.timestamp(), walk.until.timestamp() if walk.until else float("inf")
            found = self.made[::-1]
            if walk.after is not None:
                names = [session["id"] for session in found]
                if walk.after not in names:
                    raise StripeRefused("No such session", stripe_code="resource_missing", param="starting_after")
                found = found[names.index(walk.after) + 1 :]
            found = [session for session in found if int(low) <= session["created"] < int(high)]
            page = found[:PAGE]
            return Listed(tuple(page), page[-1]["id"] if len(found) > PAGE else None)


@dataclass
class FakePurchaseStates:
    """What the tables say."""

    tables: FakeTables

    def states(self, purchases: Collection[PurchaseKey]) -> Mapping[PurchaseKey, PurchaseState]:
        with self.tables.calls.called("states"):
            stored = self.tables.purchases
            return {key: stored[key].state for key in purchases if key in stored}
