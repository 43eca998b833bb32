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


@dataclass(frozen=True)
class Made:
    """A session that we made, for whom, and as Stripe shows it, its customer expanded: one that was deleted has
    nothing but its id.
    """

    id: SessionId
    order: OrderId
    user: UserId | None
    """None where somebody has written over what we wrote there."""
    customer: CustomerId
    body: Mapping[str, Any]

    @property
    def named(self) -> str | None:
        """Whom the customer's metadata names."""
        name: str | None = (self.body["customer"].get("metadata") or {}).get("user_id")
        return name


def made_since(world: World, since: datetime) -> Iterator[Made]:
    """Each of them, the newest first. Raises what Stripe's SDK raises."""
    asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.customer"]}
    for found in world.stripe.v1.checkout.sessions.list(asked).auto_paging_iter():
        made = made_of(found.to_dict())
        if made is not None:
            yield made


def made_of(session: Mapping[str, Any]) -> Made | None:
    """What we write into every session of ours, in each place; None where it is not there.

    No table is left to ask, so what nobody else would write has to fit: an app beside us may have an `order_id` of its
    own. Metadata can be written over, the reference can't (https://docs.stripe.com/api/checkout/sessions/update).
    """
    metadata, customer = session.get("metadata") or {}, session["customer"] or {}
    name, order = fits(session["id"], SESSION_ID), fits(session["client_reference_id"], ORDER_ID)
    owner, user = fits(customer.get("id"), CUSTOMER_ID), fits(metadata.get("user_id"), USER_ID)
    if name is None or order is None or owner is None or metadata.get("correlation_id") != order:
        return None
    whole = user is not None and metadata.get("order_id") == order
    return Made(SessionId(name), OrderId(order), UserId(user) if user and whole else None, CustomerId(owner), session)
