"""A look at objects that Stripe may have made no event of (money rule 27): what is told of those in doubt.

What is told is a notice as of an event, under an id of our own. It is trusted no more than an event's: the account
converges on what Stripe says then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.domain.events import Origin, parse_event
from billing.domain.ids import EventId
from billing.domain.notice import Notice


def looked_at(
    obj: Mapping[str, Any], kind: str, seen_at: datetime, origin: Origin, *, received_at: datetime, correlation_id: str
) -> Notice:
    """The object as an event of it would tell. Raises MalformedEvent.

    The id is ours, so nobody takes it for Stripe's and no webhook may bring one. It holds the object and the time of
    the pass that saw it: a page that is read twice tells it once.
    """
    second = int(seen_at.timestamp())
    event = {
        "object": "event",
        "id": "evt_none",
        "type": kind,
        "created": second,
        "livemode": obj.get("livemode", origin.livemode),  # a refund has none: it is of the mode of our key
        "data": {"object": obj},
    }
    notice = parse_event(event, origin, received_at=received_at, correlation_id=correlation_id)
    return replace(notice, id=EventId(f"look_{notice.object.id}_{second}"))
