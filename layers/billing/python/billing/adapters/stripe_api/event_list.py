"""Stripe's list of events: https://docs.stripe.com/api/events/list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.objects import plain
from billing.domain.ids import EVENT_ID, EventId, fits
from billing.domain.walk import Walk
from billing.ports.stripe import ListedEvents

_PAGE = 100


class StripeEvents:
    """The EventList port over the SDK."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._events = client.v1.events

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> ListedEvents:
        """See EventList. One request."""
        created = {"gte": int(walk.since.timestamp())}
        if walk.until is not None:
            created["lt"] = int(walk.until.timestamp())
        wanted: Any = {"types": list(types), "created": created, "limit": _PAGE}
        if undelivered:
            wanted["delivery_success"] = False
        if walk.after is not None:
            wanted["starting_after"] = walk.after
        with translated():
            listed = plain(self._events.list(wanted))
        events = tuple(listed["data"])
        last = fits(events[-1].get("id"), EVENT_ID) if events else None
        return ListedEvents(events, EventId(last) if last else None, more=bool(listed["has_more"]))
