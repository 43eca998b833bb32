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
from billing.domain.ids import CustomerId, PriceId, SessionId, UserId
from billing.domain.order import Order, OrderLine
from plumb.restore.sessions import Made, made_since

if TYPE_CHECKING:
    from plumb.world import World

_NEW = "attribute_not_exists( #pk )"
_WAITS = "its customer is nobody's: its order waits until the user takes it over"
_DELETED = "its customer is nobody's, and was deleted: its order waits in vain, and is for plumb grant"
_ANOTHERS = "its order is of another user than its customer: it is for plumb grant"


@dataclass(frozen=True)
class Found:
    """A session whose order is gone. `outcome`: `WRITTEN`, `ENDED` (nobody can pay it any more), or why not."""

    session: SessionId
    user: UserId | None
    """Who owns its customer, else whom it names; None where somebody has written over that."""
    outcome: str


def write_again(world: World, since: datetime, taken_in: Mapping[CustomerId, UserId], *, dry: bool) -> Iterator[Found]:
    """Write each lost order again, or end its session. Raises what Stripe's SDK and the store raise.

    `taken_in` are the customers that have just been given back, or would be: in a dry run no table knows it.
    """
    for made in made_since(world, since):
        owner, status = _owner(world, made.customer, taken_in), made.body["status"]
        if status == "open":
            outcome = None if world.accounts.buyers([made.id]) else _end(world, made, dry=dry)
        elif status == "expired":
            outcome = None
        elif (order := world.accounts.orders([made.order]).get(made.order)) is not None:
            outcome = _standing(made, order, owner)
        else:
            outcome = _lost(world, made, owner, dry=dry)
        if outcome is not None:
            yield Found(made.id, owner or made.user, outcome)


def _standing(made: Made, order: Order, owner: UserId | None) -> str | None:
    if owner is None:
        return _waits(made)
    return _ANOTHERS if order.user != owner else None


def _lost(world: World, made: Made, owner: UserId | None, *, dry: bool) -> str:
    """Who owns the customer has paid. Where nobody does, metadata says who it was, as far as it agrees with itself."""
    user = owner or made.user
    if user is None:
        return f"its metadata was written over: write user_id and order_id {made.order} everywhere, and run this again"
    outcome = _write(world, made, user, dry=dry)
    return _waits(made) if outcome == "WRITTEN" and owner is None else outcome


def _waits(made: Made) -> str:
    return _DELETED if made.customer_deleted else _WAITS


def _owner(world: World, customer: CustomerId, taken_in: Mapping[CustomerId, UserId]) -> UserId | None:
    owner = world.accounts.owners([customer]).get(customer)
    return owner.user if owner is not None else taken_in.get(customer)


def _write(world: World, made: Made, user: UserId, *, dry: bool) -> str:
    session, lines = made.body, []
    asked: Any = {"limit": 100, "expand": ["data.price.product", "data.price.currency_options"]}
    for item in world.stripe.v1.checkout.sessions.line_items.list(made.id, asked).auto_paging_iter():
        line = item.to_dict()
        price = world.catalog.price(PriceId(line["price"]["id"])) or _deleted(world, line["price"])
        if price is None or price.problem is not None:
            return f"its price {line['price']['id']} can't be read: mend the catalog, and run this again"
        amount = price.amount_in(session["currency"])
        lines.append(OrderLine(price.id, price.product_name, line["quantity"], amount, price.gives))
    created, expires = (datetime.fromtimestamp(session[part], UTC) for part in ("created", "expires_at"))
    order = Order(made.order, user, session["mode"], session["currency"], tuple(lines), created, expires)
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


def _end(world: World, made: Made, *, dry: bool) -> str:
    """Whosever it is: its claim and its order are gone, and its buyer begins again."""
    if not dry:
        try:
            world.stripe.v1.checkout.sessions.expire(made.id)
        except stripe.InvalidRequestError:
            return "it is being paid: run this again"
    return "ENDED"
