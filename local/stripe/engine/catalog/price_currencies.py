"""Prices in several currencies: `currency_options`. https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices

A price keeps its default currency and amount in every answer, also in an order that was made in another currency: the
line says the currency and the amounts, its price does not. The options are included on demand only.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from local.stripe.engine.errors import invalid_request, not_offered
from local.stripe.engine.world import Obj, World, snapshot

KEPT = "/currency_options"
"""Kept hidden under the price's id with this ending: all currencies but the default one."""


def currency_code(code: str, param: str = "currency") -> str:
    """Read a currency; Stripe answers in lower case."""
    lower = code.lower()
    if len(lower) != 3 or not lower.isascii() or not lower.isalpha():
        raise invalid_request(f"Invalid currency: {code}.", param=param)
    return lower


def amount_of(amount: int | None, decimal: str | None, prefix: str = "") -> tuple[int | None, str]:
    """Read `unit_amount` or `unit_amount_decimal`; exactly one of them is given."""
    param = f"{prefix}[unit_amount]" if prefix else "unit_amount"
    if amount is None and decimal is None:
        raise invalid_request(f"Missing required param: {param}.", param=param, code="parameter_missing")
    if amount is not None and decimal is not None:
        raise invalid_request("You may only specify one of these parameters: unit_amount, unit_amount_decimal.")
    exact = Decimal(decimal) if decimal is not None else Decimal(amount or 0)
    if exact < 0:
        raise invalid_request("Invalid non-negative integer", param=param, code="parameter_invalid_integer")
    return (int(exact) if exact == exact.to_integral_value() else None), format(exact.normalize(), "f")


def read(world: World, price_id: str, default: str, given: dict[str, Any] | str) -> dict[str, Obj]:
    """Read the options of a new price, or what an update makes of them; an empty string takes all away."""
    if isinstance(given, str):
        return {}
    kept: dict[str, Obj] = dict(world.hidden.get(price_id + KEPT, {}))
    for code, values in given.items():
        name = f"currency_options[{code}]"
        currency = currency_code(code, name)
        if currency == default:
            raise invalid_request(
                f"The currency `{currency}` is already the default currency of this price.", param=name
            )
        if values.keys() & {"custom_unit_amount", "tiers"}:
            raise not_offered("tiered or customer-chosen prices")
        kept[currency] = _option(values, kept.get(currency, {}), name)
    return kept


def _option(values: dict[str, Any], before: Obj, name: str) -> Obj:
    if before and not values.keys() & {"unit_amount", "unit_amount_decimal"}:
        amount, decimal = before["unit_amount"], before["unit_amount_decimal"]
    else:
        amount, decimal = amount_of(values.get("unit_amount"), values.get("unit_amount_decimal"), name)
    return {
        "custom_unit_amount": None,
        "tax_behavior": values.get("tax_behavior", before.get("tax_behavior", "unspecified")),
        "unit_amount": amount,
        "unit_amount_decimal": decimal,
    }


def options_of(world: World, price: Obj) -> Obj:
    """The `currency_options` member, included on demand; it names the default currency too."""
    own = {
        "custom_unit_amount": None,
        "tax_behavior": price["tax_behavior"],
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    return {price["currency"]: own, **snapshot(world.hidden.get(price["id"] + KEPT, {}))}


def supports(world: World, price: Obj, currency: str) -> bool:
    """Whether a price has an amount in a currency."""
    return currency in options_of(world, price)


def unit_decimal(world: World, price: Obj, currency: str) -> str:
    """The price of one in a currency, in minor units, as exact as it was given."""
    return str(options_of(world, price)[currency]["unit_amount_decimal"])


def tax_behavior(world: World, price: Obj, currency: str) -> str:
    """Whether that amount includes tax."""
    return str(options_of(world, price)[currency]["tax_behavior"])


def cost(world: World, price: Obj, quantity: int, currency: str) -> int:
    """What so many cost in a currency, in minor units, rounded half up once on the total."""
    exact = Decimal(unit_decimal(world, price, currency)) * quantity
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
