"""A look at objects that Stripe may have made no event of (money rule 27): which are in doubt, what is told of them.

What is told is a notice as of an event, under an id of our own. It is trusted no more than an event's: the account
converges on what Stripe says then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from billing.domain.events import Origin, parse_event
from billing.domain.ids import ORDER_ID, EventId, fits
from billing.domain.notice import Notice
from billing.domain.purchase import PurchaseState

_UNDER_WAY: Final = frozenset({PurchaseState.OPEN, PurchaseState.PROCESSING})
_FINAL_IF_PAID: Final = frozenset({PurchaseState.PAID, PurchaseState.REFUSED})


def doubt_of_session(session: Mapping[str, Any], state: PurchaseState | None) -> str | None:
    """The type of the event that should have come of this session, or None when what is stored fits.

    A purchase that waits for its bank debit is always in doubt: that it failed does not show in a list of sessions.
    What is not stored is ours only if it names an order, and whether that is true is for the converge to say.
    """
    status = session.get("status")
    order = session.get("client_reference_id") or (session.get("metadata") or {}).get("order_id")
    if state is None and fits(order, ORDER_ID) is None:
        return None
    if status == "expired":
        return "checkout.session.expired" if state in _UNDER_WAY else None
    if status != "complete":
        return None
    if session.get("payment_status") == "unpaid":
        return "checkout.session.completed" if state is None or state in _UNDER_WAY else None
    return None if state in _FINAL_IF_PAID else "checkout.session.completed"


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
        "livemode": obj.get("livemode"),
        "data": {"object": obj},
    }
    notice = parse_event(event, origin, received_at=received_at, correlation_id=correlation_id)
    return replace(notice, id=EventId(f"look_{notice.object.id}_{second}"))
