"""The catalog: Stripe's prices and products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.fields import reading
from billing.adapters.stripe_api.objects import plain
from billing.adapters.stripe_api.prices import price_of
from billing.adapters.stripe_api.reader import read_price
from billing.domain.catalog import Price
from billing.domain.ids import LOOKUP_KEY, PRICE_ID, PriceId
from billing.errors import StripeRefused

_PAGE = 100
_LISTED = ["data.product", "data.currency_options"]


class StripeCatalog:
    """The Catalog port over the SDK."""

    def __init__(self, client: stripe.StripeClient, levels: tuple[str, ...]) -> None:
        self._api = client.v1
        self._levels = levels

    def price(self, price: PriceId) -> Price | None:
        """See Catalog. Text that is no price id is asked of nobody."""
        if not PRICE_ID.fullmatch(price):
            return None
        try:
            with translated():
                return read_price(self._api, price, self._levels, ["product", "currency_options"])
        except StripeRefused as refused:
            if refused.missing:
                return None
            raise

    def price_by_lookup_key(self, lookup_key: str) -> Price | None:
        """See Catalog."""
        if not LOOKUP_KEY.fullmatch(lookup_key):
            return None
        with reading("list", {}), translated():
            found = self._api.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1, "expand": _LISTED})
            prices = [plain(item) for item in found.data]
        return self._with_product(prices[0]) if prices else None

    def active_prices(self) -> Sequence[Price]:
        """See Catalog."""
        with reading("list", {}), translated():
            page = self._api.prices.list({"active": True, "limit": _PAGE, "expand": _LISTED})
            prices = [self._with_product(plain(item)) for item in page.auto_paging_iter()]
        return [price for price in prices if price.active]

    def _with_product(self, obj: dict[str, object]) -> Price:
        product = obj.get("product")
        return price_of(obj, product if isinstance(product, Mapping) else None, self._levels)
