"""Stripe's list of checkout sessions: https://docs.stripe.com/api/checkout/sessions/list."""

from __future__ import annotations

from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.objects import plain
from billing.domain.ids import SESSION_ID, fits
from billing.domain.walk import Walk
from billing.ports.stripe import ListedObjects

_PAGE = 100


class StripeSessionList:
    """The SessionList port over the SDK."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._sessions = client.v1.checkout.sessions

    def page(self, walk: Walk) -> ListedObjects:
        """See SessionList. One request."""
        created = {"gte": int(walk.since.timestamp())}
        if walk.until is not None:
            created["lt"] = int(walk.until.timestamp())
        wanted: Any = {"created": created, "limit": _PAGE}
        if walk.after is not None:
            wanted["starting_after"] = walk.after
        with translated():
            listed = plain(self._sessions.list(wanted))
        objects = tuple(listed["data"])
        last = fits(objects[-1].get("id"), SESSION_ID) if objects else None
        return ListedObjects(objects, last, more=bool(listed["has_more"]))
