"""Orders that were written after the restore point: without them a paid session looks like another app's.

The session has the order's id, its prices and quantities; what a price gives is read from the catalog as it is now, or
from the session where it was deleted. A session that can still be paid is ended instead: the claim that would keep it
from being paid beside another is gone. The customer of either may be nobody's: it was adopted since. An order gives
nothing until its own user owns the customer; but without it, what was paid would be ignored as another app's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import stripe

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import order_key, to_item
from billing.adapters.stripe_api.prices import price_of
from billing.domain.catalog import Price
from billing.domain.ids import (
    CUSTOMER_ID,
    ORDER_ID,
    SESSION_ID,
    USER_ID,
    CustomerId,
    OrderId,
    PriceId,
    SessionId,
    UserId,
    fits,
)
from billing.domain.order import Order, OrderLine

if TYPE_CHECKING:
    from plumb.world import World

_NEW = "attribute_not_exists( #pk )"
_WAITS = "its customer is nobody's: its order waits until the user takes it over"


@dataclass(frozen=True)
class Found:
    """A session whose order is gone. `outcome`: `WRITTEN`, `ENDED` (nobody can pay it any more), or why not."""

    session: SessionId
    user: UserId
    outcome: str


def write_again(world: World, since: datetime, taken_in: Mapping[CustomerId, UserId], *, dry: bool) -> Iterator[Found]:
    """Write each lost order again, or end its session. Raises what Stripe's SDK and the store raise.

    `taken_in` are the customers that have just been given back, or would be: in a dry run no table knows it.
    """
    asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    for found in world.stripe.v1.checkout.sessions.list(asked).auto_paging_iter():
        session = found.to_dict()
        ours = _ours(session)
        if ours is None:
            continue
        name, order, user, customer = ours
        is_open = session["status"] == "open"
        stored = world.accounts.buyers([name]) if is_open else world.accounts.orders([order])
        if stored or session["status"] == "expired":
            continue
        owner = _owner(world, customer, taken_in)
        if owner not in (user, None):
            outcome = "its customer is not this user's"
        elif is_open:
            outcome = _end(world, name, dry=dry)
        else:
            outcome = _write(world, session, name, order, user, dry=dry)
        yield Found(name, user, _WAITS if outcome == "WRITTEN" and owner is None else outcome)


def _owner(world: World, customer: CustomerId, taken_in: Mapping[CustomerId, UserId]) -> UserId | None:
    owner = world.accounts.owners([customer]).get(customer)
    return owner.user if owner is not None else taken_in.get(customer)


def _ours(session: Mapping[str, Any]) -> tuple[SessionId, OrderId, UserId, CustomerId] | None:
    """What we write into every session of ours, in each place; None where any of it is not there.

    No table is left to ask, so all of it has to fit: an app beside us may have an `order_id` of its own.
    """
    metadata = session.get("metadata") or {}
    name, order = fits(session["id"], SESSION_ID), fits(session["client_reference_id"], ORDER_ID)
    user, customer = fits(metadata.get("user_id"), USER_ID), fits(session["customer"], CUSTOMER_ID)
    if name is None or order is None or user is None or customer is None:
        return None
    if {metadata.get("order_id"), metadata.get("correlation_id")} != {order}:
        return None
    return SessionId(name), OrderId(order), UserId(user), CustomerId(customer)


def _write(world: World, session: Mapping[str, Any], name: SessionId, id: OrderId, user: UserId, *, dry: bool) -> str:
    lines = []
    asked: Any = {"limit": 100, "expand": ["data.price.product", "data.price.currency_options"]}
    for item in world.stripe.v1.checkout.sessions.line_items.list(name, asked).auto_paging_iter():
        line = item.to_dict()
        price = world.catalog.price(PriceId(line["price"]["id"])) or _deleted(world, line["price"])
        if price is None or price.problem is not None:
            return f"its price {line['price']['id']} can't be read: mend the catalog, and run this again"
        amount = price.amount_in(session["currency"])
        lines.append(OrderLine(price.id, price.product_name, line["quantity"], amount, price.gives))
    created, expires = (datetime.fromtimestamp(session[part], UTC) for part in ("created", "expires_at"))
    order = Order(id, user, session["mode"], session["currency"], tuple(lines), created, expires)
    if not dry:
        put = calls.put(world.settings.tables.accounts, to_item(order, pk=order_key(order.id)), _NEW)
        calls.write(world.dynamodb, [put])
    return "WRITTEN"


def _deleted(world: World, shown: Mapping[str, Any]) -> Price | None:
    """A price that was deleted, as the session shows it still (docs/decisions/0062); None where it says nothing."""
    product = shown["product"]
    with_product = isinstance(product, Mapping) and not product.get("deleted")
    price = price_of(shown, product if with_product else None, world.settings.policy.levels)
    return price if not price.gives.nothing else None


def _end(world: World, session: SessionId, *, dry: bool) -> str:
    if not dry:
        try:
            world.stripe.v1.checkout.sessions.expire(session)
        except stripe.InvalidRequestError:
            return "it is being paid: run this again"
    return "ENDED"
