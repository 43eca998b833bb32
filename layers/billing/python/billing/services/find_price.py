"""Find the price that a request names: by id, by lookup key, or by what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.cart import not_sold_in_currency
from billing.domain.catalog import Price
from billing.domain.ids import PriceId
from billing.errors import AmbiguousPrice, UnknownPrice
from billing.ports.stripe import Catalog


@dataclass(frozen=True, slots=True)
class PriceRef:
    """How a request names a price: by exactly one of the first four."""

    price_id: str | None = None
    lookup_key: str | None = None
    plan: str | None = None
    level: str | None = None
    interval: str | None = None
    """Narrows a plan or a level: `day`, `week`, `month`, `year`, or `one_time`."""


class PriceFinder:
    """Finds the prices of one request. Stripe is asked, not the cache: what is found is about to be sold.

    `currency` is the one that the request wants to pay in, if it says.
    """

    def __init__(self, catalog: Catalog, currency: str | None) -> None:
        self._catalog = catalog
        self._currency = currency
        self._listed: Sequence[Price] | None = None

    def find(self, ref: PriceRef) -> Price:
        """The one price; it may be one that is not for sale when it was named by id or lookup key.

        Raises UnknownPrice when there is none, AmbiguousPrice when a plan or a level has several,
        CurrencyUnavailable when none of them is sold in the currency.
        """
        if ref.price_id is not None:
            found = self._catalog.price(PriceId(ref.price_id))
        elif ref.lookup_key is not None:
            found = self._catalog.price_by_lookup_key(ref.lookup_key)
        else:
            found = self._by_gift(ref)
        if found is None:
            raise UnknownPrice("there is no such price")
        return found

    def _by_gift(self, ref: PriceRef) -> Price | None:
        """The only sellable price of a plan or level. What is broken or archived is no candidate."""
        if self._listed is None:
            self._listed = self._catalog.active_prices()
        matches = [price for price in self._listed if price.sellable and _matches(price, ref)]
        if self._currency is not None and matches:
            sold = [price for price in matches if price.amount_in(self._currency) is not None]
            if not sold:
                raise not_sold_in_currency(*matches)
            matches = sold
        if len(matches) > 1:
            raise AmbiguousPrice(
                "several prices fit: name one of them",
                [_candidate(price, self._currency) for price in sorted(matches, key=lambda price: price.id)],
            )
        return matches[0] if matches else None


def _matches(price: Price, ref: PriceRef) -> bool:
    if ref.interval is not None and ref.interval != (price.interval or "one_time"):
        return False
    return price.gives.plan == ref.plan if ref.plan is not None else price.gives.level == ref.level


def _candidate(price: Price, currency: str | None) -> dict[str, str | int | None]:
    told = currency or price.currency
    return {
        "price_id": price.id,
        "lookup_key": price.lookup_key,
        "interval": price.interval,
        "interval_count": price.interval_count if price.recurring else None,
        "currency": told,
        "unit_amount": price.amount_in(told),
    }
