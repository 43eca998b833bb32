"""What the page offers beside what was ordered, or instead of it: settings of the dashboard that no session turns off.

- A product may name another one as its cross-sell: https://docs.stripe.com/payments/checkout/cross-sells
- A recurring price may name another one of its product as its upsell: https://docs.stripe.com/payments/checkout/upsells

Whoever takes an offer pays for other lines than the session was made with. Until then he may take it back.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.stripe.engine.catalog import price_currencies
from local.stripe.engine.checkout import session_order
from local.stripe.engine.checkout.order_lines import make_line
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.world import Obj, World

_CROSS_SELL, _UPSELL = "/cross_sell", "/upsell"


@dataclass(frozen=True)
class PageOffer:
    """A price that the buyer may take; `instead` of the line that it was offered for, or one piece beside it."""

    price: Obj
    line: Obj
    instead: bool
    name: str
    quantity: int
    amount: int
    """Minor units of the session's currency, for the whole line that it would become."""


def set_cross_sell(world: World, product: Obj, other: Obj | None) -> None:
    """Offer the only price of another product wherever this one is bought; None ends that."""
    if other is not None and (other["id"] == product["id"] or _only_price(world, other["id"]) is None):
        raise invalid_request("A cross-sell is another product, with a single price.")
    world.hidden[product["id"] + _CROSS_SELL] = other["id"] if other else None


def set_upsell(world: World, price: Obj, other: Obj | None) -> None:
    """Offer another recurring price of the same product instead of this one; None ends that."""
    same = ("product", "currency", "tax_behavior", "type")
    if other is not None and (other["id"] == price["id"] or any(other[name] != price[name] for name in same)):
        raise invalid_request("An upsell is another price of the product, in its currency and with its tax behavior.")
    if price["type"] != "recurring":
        raise invalid_request("Only recurring prices can have an upsell.")
    world.hidden[price["id"] + _UPSELL] = other["id"] if other else None


def page_offers(world: World, session: Obj) -> list[PageOffer]:
    """What the page of an open session offers at this moment."""
    order: Order = world.hidden[session["id"]]
    recurring = [line for line in order.lines if line["price"]["recurring"]]
    upsold = recurring[0] if len(recurring) == 1 else None
    upsell = world.find(world.hidden.get(upsold["price"]["id"] + _UPSELL) or "") if upsold else None
    found = []
    currency = session["currency"]
    if upsold and upsell and upsell["active"] and price_currencies.supports(world, upsell, currency):
        found.append(_offer(world, session, upsell, upsold, instead=True))
    have = {line["price"]["product"] for line in order.lines}
    for line in order.lines:
        other = world.hidden.get(line["price"]["product"] + _CROSS_SELL)
        price = _only_price(world, other) if other and other not in have else None
        if price is not None and _fits(session, price, recurring, upsold=upsell is not None):
            found.append(_offer(world, session, price, line, instead=False))
    return found


def _offer(world: World, session: Obj, price: Obj, line: Obj, *, instead: bool) -> PageOffer:
    quantity = line["quantity"] if instead else 1
    amount = price_currencies.cost(world, price, quantity, session["currency"])
    name = price["nickname"] or world.need("product", price["product"])["name"]
    return PageOffer(price, line, instead, name, quantity, amount)


def _fits(session: Obj, price: Obj, recurring: list[Obj], *, upsold: bool) -> bool:
    if price["currency"] != session["currency"]:
        return False
    if not price["recurring"]:
        return True
    intervals = {_interval(line["price"]) for line in recurring}
    return session["mode"] == "subscription" and not upsold and intervals == {_interval(price)}


def _interval(price: Obj) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _only_price(world: World, product: str) -> Obj | None:
    known = world.find(product)
    prices = [each for each in world.all("price") if each["product"] == product and each["active"]]
    return prices[0] if known is not None and known.get("active") and len(prices) == 1 else None


def take(world: World, session: Obj, price: str) -> None:
    """The buyer takes an offer: one piece beside what was ordered, or as many instead. Raises ApiError without one."""
    order: Order = world.hidden[session["id"]]
    offer = next((each for each in page_offers(world, session) if each.price["id"] == price), None)
    if offer is None:
        raise invalid_request(f"This page does not offer {price}.", param="price")
    line = make_line(world, {"quantity": offer.quantity}, offer.price, session["currency"], "offer")
    if offer.instead:
        order.lines[order.lines.index(offer.line)] = line
    else:
        order.lines.append(line)
    world.hidden[line["id"]] = order
    session_order.reckon(world, order)
    session |= session_order.sums(order)
