"""What a request wants to buy, put together into the lines of one order, or refused.

Pure: the prices have been read from Stripe, and nothing has been written yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.catalog import Price
from billing.domain.order import OrderLine
from billing.errors import CurrencyUnavailable, IncompatibleLines, PriceMisconfigured, PriceUnavailable

_BARRED = {
    "metered": "its usage is metered",
    "tiered": "it has tiers",
    "custom_amount": "the buyer chooses its amount",
    "packaged": "it is sold in packages",
    "fractional": "its amount is a fraction of the smallest unit",
}


@dataclass(frozen=True, slots=True)
class Cart:
    """The lines of one order. `mode` is Stripe's: `payment` or `subscription`; all amounts are in `currency`."""

    mode: str
    currency: str
    lines: tuple[OrderLine, ...]


def cart_of(chosen: Sequence[tuple[Price, int]], currency: str | None) -> Cart:
    """Put prices with their quantities into a cart; without `currency` it is the prices' own.

    Raises PriceMisconfigured, PriceUnavailable, CurrencyUnavailable and IncompatibleLines.
    """
    prices = [price for price, _ in chosen]
    for price in prices:
        check_sellable(price)
    _check_together(prices)
    told = currency or prices[0].currency
    lines = tuple(
        OrderLine(price.id, price.product_name, quantity, amount_in(price, told), price.gives)
        for price, quantity in chosen
    )
    return Cart("subscription" if prices[0].recurring else "payment", told, lines)


def check_sellable(price: Price) -> None:
    """Raise PriceMisconfigured or PriceUnavailable unless a checkout may sell the price.

    The message names the metadata key that is broken and never its value: it is for buyers, the catalog's own list is
    for those who can mend it.
    """
    if price.problem is not None:
        where = f": see {price.broken_key}" if price.broken_key else ""
        raise PriceMisconfigured(
            f"the metadata of this price is not set up correctly{where}", price_id=price.id, reason=price.problem
        )
    if price.barred is not None:
        raise PriceUnavailable(
            f"this price can't be bought here: {_BARRED[price.barred]}", price_id=price.id, reason=price.barred
        )
    if not price.sellable:
        raise PriceUnavailable("this price is not for sale", price_id=price.id)


def not_sold_in_currency(price: Price, *others: Price) -> CurrencyUnavailable:
    """The error for prices that have no amount in the currency asked for: it names those that one of them has."""
    sold_in = dict.fromkeys(currency for each in (price, *others) for currency in (each.currency, *each.options))
    said = "these prices are" if others else "this price is"
    return CurrencyUnavailable(f"{said} sold in {', '.join(sold_in)} only", price_id=price.id)


def amount_in(price: Price, currency: str) -> int:
    """The unit amount in a currency; raise CurrencyUnavailable when the price has none in it."""
    amount = price.amount_in(currency)
    if amount is None:
        raise not_sold_in_currency(price)
    return amount


def _check_together(prices: Sequence[Price]) -> None:
    """Refuse what Stripe does not sell in one session, and what could not be granted by one rule (money rule 12)."""
    if len({price.id for price in prices}) < len(prices):
        raise IncompatibleLines("the same price is in two lines: use one line with a higher quantity")
    if len({price.recurring for price in prices}) > 1:
        raise IncompatibleLines("one-time and recurring prices can't be in one order: order them separately")
    if len({price.currency for price in prices}) > 1:
        raise IncompatibleLines("the prices have different default currencies")
    recurring = [price for price in prices if price.recurring]
    if len({(price.interval, price.interval_count) for price in recurring}) > 1:
        raise IncompatibleLines("the prices recur at different intervals")
    if len({price.gives.group for price in recurring}) > 1:
        raise IncompatibleLines("the prices belong to different plan groups: each needs its own subscription")
    plans = {price.gives.plan for price in recurring} - {None}
    levels = {price.gives.level for price in recurring} - {None}
    if len(plans) > 1 or len(levels) > 1:
        raise IncompatibleLines("the prices belong to different plans of one group: choose one")
