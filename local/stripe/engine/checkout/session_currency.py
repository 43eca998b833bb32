"""Which currency a checkout session is in. https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import price_currencies
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.world import Obj, World

OVER = ("canceled", "incomplete_expired")


def choose(world: World, params: dict[str, Any], mode: str, prices: list[Obj], customer: Obj | None) -> str:
    """Choose the currency, or refuse: `currency`, else that of the customer's subscription, else the prices' own.

    Real Checkout would look at the buyer's country too and may show an option of the price to him; here the page stays
    in the default currency unless the session names another.
    """
    bound = _bound_to(world, customer) if mode == "subscription" and customer else None
    defaults = list(dict.fromkeys(price["currency"] for price in prices))
    if len(defaults) > 1:
        raise invalid_request(
            f"All line items must have the same currency; got {', '.join(sorted(defaults))}.", param="line_items"
        )
    given = price_currencies.currency_code(params["currency"]) if "currency" in params else None
    fallback = bound if bound and all(price_currencies.supports(world, price, bound) for price in prices) else None
    currency = given or fallback or defaults[0]
    if bound is not None and currency != bound:
        # https://github.com/Automattic/woocommerce-payments/issues/7732: the whole list, open sessions included.
        raise invalid_request(
            "You cannot combine currencies on a single customer. This customer has an active subscription, "
            "subscription schedule, discount, quote, invoice item or active subscription mode checkout session with "
            f"currency {bound}."
        )
    for index, price in enumerate(prices):
        if not price_currencies.supports(world, price, currency):
            raise invalid_request(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
                f"`{currency}`.",
                param=f"line_items[{index}][price]",
            )
    return currency


def _bound_to(world: World, customer: Obj) -> str | None:
    """The currency that a customer cannot leave as long as something recurring is active, or about to be."""
    live = [each for each in world.all("subscription") if each["status"] not in OVER]
    live += [
        each for each in world.all("checkout.session") if each["mode"] == "subscription" and each["status"] == "open"
    ]
    found = (each["currency"] for each in live if each["customer"] == customer["id"])
    return next(found, None)
