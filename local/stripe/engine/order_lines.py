"""The lines of a checkout session. https://docs.stripe.com/api/checkout/sessions/line_items"""

from __future__ import annotations

from typing import Any

from local.stripe.engine import prices
from local.stripe.engine.errors import invalid_request, missing, not_offered
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot


def make_lines(world: World, given: list[dict[str, Any]], mode: str) -> list[Obj]:
    """Check what is ordered and freeze it with its prices."""
    limit = 100 if mode == "payment" else 40
    if len(given) > limit:
        raise invalid_request(f"Cannot have more than {limit} line items.", param="line_items")
    found = [_line(world, item, f"line_items[{index}]") for index, item in enumerate(given)]
    _check_mode([line["price"] for line in found], mode)
    currencies = {line["currency"] for line in found}
    if len(currencies) > 1:
        raise invalid_request(
            "All line items must have the same currency; got " + ", ".join(sorted(currencies)) + ".", param="line_items"
        )
    total, currency = sum(line["amount_total"] for line in found), found[0]["currency"]
    if mode == "payment" and 0 < total < 50:
        raise invalid_request(
            f"The Checkout Session's total amount due must add up to at least $0.50 {currency}", code="amount_too_small"
        )
    return found


def _line(world: World, item: dict[str, Any], path: str) -> Obj:
    ignored = item.keys() & {"adjustable_quantity", "tax_rates"}
    if ignored:
        raise not_offered(f"{path}[{min(ignored)}]")
    price = _price(world, item, path)
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
    amount = prices.cost(price, quantity)
    product = world.need("product", price["product"])
    return {
        "id": world.id("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
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
