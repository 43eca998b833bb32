"""What a Stripe account has: products by our key, prices by lookup key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import stripe

CATALOG_KEY = "catalog_key"
"""Metadata key that says which product of the file a product is."""

type Object = Mapping[str, Any]


@dataclass(frozen=True)
class StripeAccount:
    """All products and prices. A product that carries no key of ours is left alone, whatever it is."""

    products: Mapping[str, Object] = field(default_factory=dict)
    """By id."""
    prices: Mapping[str, Object] = field(default_factory=dict)
    """By id."""

    def product(self, key: str, lookup_keys: Iterable[str]) -> Object | None:
        """The product of this key; else the one that sells one of these lookup keys, which is then taken over."""
        keyed = [item for item in self.products.values() if item["metadata"].get(CATALOG_KEY) == key]
        if keyed:
            return min(keyed, key=lambda item: (not item["active"], item["created"], item["id"]))
        held = (price for lookup_key in lookup_keys if (price := self.price(lookup_key)) is not None)
        sellers = [self.products.get(price["product"]) for price in held]
        return next((item for item in sellers if item is not None and CATALOG_KEY not in item["metadata"]), None)

    def price(self, lookup_key: str) -> Object | None:
        """The price that holds a lookup key."""
        return next((price for price in self.prices.values() if price["lookup_key"] == lookup_key), None)

    def prices_of(self, product: str) -> list[Object]:
        """All prices of a product."""
        return [price for price in self.prices.values() if price["product"] == product]


def read_account(client: stripe.StripeClient) -> StripeAccount:
    """Read all of it: three pages of a hundred for a catalog of a hundred products. Archived ones too."""
    products = client.v1.products.list({"limit": 100})
    prices = client.v1.prices.list({"limit": 100, "expand": ["data.currency_options"]})
    return StripeAccount(
        {item.id: item.to_dict() for item in products.auto_paging_iter()},
        {item.id: item.to_dict() for item in prices.auto_paging_iter()},
    )
