"""The public catalog, kept in Redis for minutes: everybody asks for it, and Stripe allows few requests a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billing.domain.catalog import Price
    from billing.ports.cache import Cache
    from billing.ports.stripe import Catalog

_KEPT_SECONDS = 120


def read_catalog(
    catalog: Callable[[], Catalog],
    cache: Cache,
    render: Callable[[Sequence[Price]], str],
    usable: Callable[[str], bool],
) -> str:
    """The catalog as a JSON document, from the cache if what is there is `usable`, else from Stripe.

    `catalog` reaches Stripe, and is called only when the cache has nothing. Only for showing: a checkout reads the
    price from Stripe again. Raises StripeUnavailable when neither has it.
    """
    cached = cache.catalog()
    if cached is not None and usable(cached):
        return cached
    document = render(catalog().active_prices())
    cache.keep_catalog(document, _KEPT_SECONDS)
    return document
