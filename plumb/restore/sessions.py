"""Checkout sessions that this system has made since the restore point: no table knows them, but Stripe does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.domain.ids import (
    CUSTOMER_ID,
    ORDER_ID,
    SESSION_ID,
    USER_ID,
    CustomerId,
    OrderId,
    SessionId,
    UserId,
    fits,
)

if TYPE_CHECKING:
    from plumb.world import World

_PLACES = ("payment_intent", "subscription")
"""What a session brings about, with the same metadata."""


@dataclass(frozen=True)
class Made:
    """A session that we made, as Stripe shows it: with its customer and what it has brought about."""

    id: SessionId
    order: OrderId
    user: UserId | None
    """Whom its metadata names; None where somebody has written over that, here or there."""
    customer: CustomerId
    body: Mapping[str, Any]

    @property
    def customer_deleted(self) -> bool:
        """Whether nobody can take its customer over any more."""
        return bool(self.body["customer"].get("deleted"))


def made_since(world: World, since: datetime) -> Iterator[Made]:
    """Each of them, the newest first. Raises what Stripe's SDK raises."""
    shown = [f"data.{name}" for name in ("customer", *_PLACES)]
    asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": shown}
    for found in world.stripe.v1.checkout.sessions.list(asked).auto_paging_iter():
        made = made_of(found.to_dict())
        if made is not None:
            yield made


def made_of(session: Mapping[str, Any]) -> Made | None:
    """What we write into every session of ours; None where nothing of it is there.

    No table is left to ask, so what nobody else would write has to fit: an app beside us may have an `order_id` of its
    own. Metadata can be written over, in each place by itself; the reference can't
    (https://docs.stripe.com/api/checkout/sessions/update).
    """
    customer = session["customer"] or {}
    name, order = fits(session["id"], SESSION_ID), fits(session["client_reference_id"], ORDER_ID)
    owner = fits(customer.get("id"), CUSTOMER_ID)
    places = [session, *(thing for place in _PLACES if (thing := session.get(place)))]
    written = [place.get("metadata") or {} for place in places]
    if name is None or order is None or owner is None or order not in [each.get("correlation_id") for each in written]:
        return None
    named = {(fits(each.get("user_id"), USER_ID), each.get("order_id")) for each in written}
    user, told = named.pop() if len(named) == 1 else (None, None)
    agreed = UserId(user) if user is not None and told == order else None
    return Made(SessionId(name), OrderId(order), agreed, CustomerId(owner), session)
