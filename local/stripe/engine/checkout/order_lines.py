"""The lines of a checkout session. https://docs.stripe.com/api/checkout/sessions/line_items"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import price_currencies, prices
from local.stripe.engine.checkout import session_currency
from local.stripe.engine.errors import invalid_request, missing, not_offered
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

MOST = {"payment": {"one_time": 100}, "subscription": {"recurring": 20, "one_time": 20}}
"""By mode, how many lines there may be of each type of price (`line_items`, page of the parameters of a session)."""


def make_lines(world: World, params: dict[str, Any], mode: str, customer: Obj | None) -> list[Obj]:
    """Check what is ordered and freeze it with its prices, in the one currency of the session."""
    given: list[dict[str, Any]] = params["line_items"]
    if len(given) > sum(MOST[mode].values()):
        raise invalid_request(f"Cannot have more than {sum(MOST[mode].values())} line items.", param="line_items")
    ordered = [_price(world, item, f"line_items[{index}]") for index, item in enumerate(given)]
    _check_mode(ordered, mode)
    for kind, most in MOST[mode].items():
        if sum(price["type"] == kind for price in ordered) > most:
            raise invalid_request(
                f"Cannot have more than {most} line items with {kind.replace('_', '-')} prices.", param="line_items"
            )
    currency = session_currency.choose(world, params, mode, ordered, customer)
    return [
        make_line(world, item, price, currency, f"line_items[{index}]")
        for index, (item, price) in enumerate(zip(given, ordered, strict=True))
    ]


def make_line(world: World, item: dict[str, Any], price: Obj, currency: str, path: str) -> Obj:
    """Freeze one line with its price; raise what Stripe refuses of its quantity."""
    ignored = item.keys() & {"adjustable_quantity", "tax_rates"}
    if ignored:
        raise not_offered(f"{path}[{min(ignored)}]")
    quantity = item.get("quantity")
    if quantity is None:
        raise invalid_request(
            f"Quantity is required. Add `quantity` to `{path}`", param=f"{path}[quantity]", code="parameter_missing"
        )
    if quantity < 1:
        raise invalid_request(
            "This value must be greater than or equal to 1.",
            param=f"{path}[quantity]",
            code="parameter_invalid_integer",
        )
    if quantity > 999_999:
        raise invalid_request(
            "This value must be less than or equal to 999999.",
            param=f"{path}[quantity]",
            code="parameter_invalid_integer",
        )
    amount = price_currencies.cost(world, price, quantity, currency)
    product = world.need("product", price["product"])
    return {
        "id": world.id("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": product["name"],
        "metadata": merge_metadata({}, item.get("metadata")),
        "price": snapshot(price),
        "quantity": quantity,
    }


def _price(world: World, item: dict[str, Any], path: str) -> Obj:
    if ("price" in item) == ("price_data" in item):
        raise invalid_request(
            "You must specify exactly one of `price` and `price_data` for each line item.", param=path
        )
    if "price_data" in item:
        made = prices.make(world, item["price_data"])
        made["active"] = False  # an inline price can be used once
        return made
    price = world.get("price", item["price"])
    if price is None:
        raise missing("price", item["price"], param=f"{path}[price]")
    if not price["active"] or not world.need("product", price["product"])["active"]:
        raise invalid_request(
            "The price specified is inactive. This field only accepts active prices.", param=f"{path}[price]"
        )
    return price


def _check_mode(found: list[Obj], mode: str) -> None:
    recurring = [price for price in found if price["type"] == "recurring"]
    if mode == "payment" and recurring:
        raise invalid_request(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param="mode",
        )
    if mode == "subscription" and not recurring:
        raise invalid_request("You must provide at least one recurring price in `subscription` mode.", param="mode")
    intervals = {(price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in recurring}
    if len(intervals) > 1:
        raise invalid_request(
            "Checkout does not support multiple prices with different billing intervals.", param="line_items"
        )
