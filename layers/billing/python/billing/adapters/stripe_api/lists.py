"""Stripe's lists by the time in which something was made: of events and of checkout sessions.

https://docs.stripe.com/api/events/list , https://docs.stripe.com/api/checkout/sessions/list ,
https://docs.stripe.com/api/pagination .
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.objects import plain
from billing.adapters.stripe_api.parse import reading
from billing.domain.ids import EVENT_ID, SESSION_ID, required
from billing.domain.walk import Walk
from billing.ports.stripe import Listed

_PAGE = 100


class StripeEvents:
    """The EventList port over the SDK."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._list = client.v1.events.list

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        """See EventList. One request."""
        more: dict[str, Any] = {"delivery_success": False} if undelivered else {}
        return _page(self._list, walk, EVENT_ID, types=list(types), **more)


class StripeSessionList:
    """The SessionList port over the SDK."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._list = client.v1.checkout.sessions.list

    def page(self, walk: Walk) -> Listed:
        """See SessionList. One request."""
        return _page(self._list, walk, SESSION_ID)


def _page(listing: Callable[[Any], Any], walk: Walk, ids: re.Pattern[str], **wanted: Any) -> Listed:
    created = {"gte": int(walk.since.timestamp())}
    if walk.until is not None:
        created["lt"] = int(walk.until.timestamp())
    asked = {"created": created, "limit": _PAGE, **wanted}
    if walk.after is not None:
        asked["starting_after"] = walk.after
    with translated():
        found = plain(listing(asked))
    with reading("list", found):
        objects = tuple(found["data"])
        after = required(objects[-1]["id"], ids, "id") if found["has_more"] else None
    return Listed(objects, after)
