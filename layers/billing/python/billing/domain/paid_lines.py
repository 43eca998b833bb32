"""What a checkout session was paid for: the lines of its order, and what Stripe's page let the buyer add or exchange.

A shopkeeper's setting of the dashboard, which no parameter of a session turns off, makes the page offer another product
beside what was ordered (https://docs.stripe.com/payments/checkout/cross-sells), or another interval of a plan instead
of it (https://docs.stripe.com/payments/checkout/upsells).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from billing.domain.catalog import Price
from billing.domain.ids import PriceId
from billing.domain.order import OrderLine
from billing.domain.snapshot import LineItem


def lines_of_payment(
    ordered: Sequence[OrderLine], items: Iterable[LineItem], prices: Mapping[PriceId, Price], currency: str
) -> tuple[OrderLine, ...] | None:
    """The lines of a one-time payment: all that were ordered, as they were frozen, and then what was added.

    None when a person must look: an ordered line is missing, or is there in another quantity, or something was added
    of which nobody can say what it gives (money rule 14).
    """
    missing = [(line.price_id, line.quantity) for line in ordered]
    known = {line.price_id for line in ordered}
    lines = list(ordered)
    for item in items:
        found = (item.price_id, item.quantity)
        if found in missing:
            missing.remove(found)
            continue
        added = _as_sold(item, prices, currency)
        if item.price_id in known or added is None:
            return None
        lines.append(added)
    return None if missing else tuple(lines)


def lines_of_subscription(
    ordered: Sequence[OrderLine], items: Iterable[LineItem], prices: Mapping[PriceId, Price], currency: str
) -> tuple[OrderLine, ...] | None:
    """The lines of a checkout that began a subscription: what is on it, whatever was ordered.

    Its invoices grant what they were paid for, so another interval, or a second plan beside the first, is right as it
    is. None where a one-time line gives something, which no invoice line grants (money rule 12), or where nobody can
    say what a line gives.
    """
    frozen = {line.price_id: line for line in ordered}
    lines: list[OrderLine] = []
    for item in items:
        line = frozen.get(item.price_id)
        if line is not None:
            lines.append(replace(line, quantity=item.quantity))
            continue
        added = _as_sold(item, prices, currency)
        if added is None or not (prices[item.price_id].recurring or added.gives.nothing):
            return None
        lines.append(added)
    return tuple(lines) or None


def _as_sold(item: LineItem, prices: Mapping[PriceId, Price], currency: str) -> OrderLine | None:
    price = prices.get(item.price_id)
    if price is None or price.problem is not None or price.barred is not None:
        return None
    return OrderLine(price.id, price.product_name, item.quantity, price.amount_in(currency), price.gives)
