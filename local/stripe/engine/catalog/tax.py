"""Automatic tax, by a small table of made-up rates. https://docs.stripe.com/tax/checkout

Real Stripe Tax knows every jurisdiction, the seller's registrations and what each product is; this knows one rate for
each country, so that amounts, breakdowns and their shapes can be tried. Countries that are not in the table are not
collected for.
"""

from __future__ import annotations

from decimal import Decimal

from local.stripe.engine.catalog import amounts, price_currencies
from local.stripe.engine.catalog.amounts import Amounts
from local.stripe.engine.world import Obj, World

RATES: dict[str, tuple[str, str, Decimal]] = {
    "AT": ("vat", "VAT", Decimal(20)),
    "CA": ("gst", "GST", Decimal(5)),
    "DE": ("vat", "VAT", Decimal(19)),
    "ES": ("vat", "VAT", Decimal(21)),
    "FR": ("vat", "VAT", Decimal(20)),
    "GB": ("vat", "VAT", Decimal(20)),
    "IE": ("vat", "VAT", Decimal(23)),
    "IT": ("vat", "VAT", Decimal(22)),
    "JP": ("jct", "Consumption tax", Decimal(10)),
    "NL": ("vat", "VAT", Decimal(21)),
    "US": ("sales_tax", "Sales tax", Decimal("8.25")),
}
"""By country: Stripe's type of tax, what an invoice calls it, and a made-up percentage for all of the country."""
EUROPEAN_UNION = frozenset({"AT", "DE", "ES", "FR", "IE", "IT", "NL"})
INCLUSIVE_UNLESS = frozenset({"usd", "cad"})
"""A price that does not say is inclusive, except in these currencies: the setting "automatic" (`inferred_by_currency`).

https://docs.stripe.com/tax/products-prices-tax-codes-tax-behavior#setting-a-default-tax-behavior
"""


def located(address: Obj | None) -> str | None:
    """The country that tax is reckoned for; None where the address says too little.

    Stripe needs the postal code too in the United States and Canada: https://docs.stripe.com/tax/customer-locations
    """
    country: str | None = (address or {}).get("country")
    if country in ("US", "CA") and not (address or {}).get("postal_code"):
        return None
    return country


def inclusive(world: World, price: Obj, currency: str) -> bool:
    """Whether the amount of a price has the tax in it."""
    behavior = price_currencies.tax_behavior(world, price, currency)
    return behavior == "inclusive" or (behavior == "unspecified" and currency not in INCLUSIVE_UNLESS)


def reckon(subtotal: int, discount: int, country: str, *, included: bool, reason: str) -> Amounts:
    """One line with its tax: none where it is not collected, or not from this customer."""
    if reason != "standard_rated":
        return Amounts(subtotal, discount, 0, included)
    return amounts.with_tax(subtotal, discount, RATES[country][2], inclusive=included)


def reason_for(country: str, tax_exempt: str, *, business: bool) -> str:
    """Stripe's `taxability_reason`: standard, or why nothing is taken.

    The seller sits in the United States, so that a business in the European Union pays its VAT itself.
    https://docs.stripe.com/tax/zero-tax
    """
    if country not in RATES:
        return "not_collecting"
    if tax_exempt == "exempt":
        return "customer_exempt"
    if tax_exempt == "reverse" or (business and country in EUROPEAN_UNION):
        return "reverse_charge"
    return "standard_rated"


def rate(world: World, country: str, *, included: bool, reason: str) -> Obj:
    """The tax rate object that stands behind an automatic tax; one of each kind is kept."""
    kind, label, percentage = RATES.get(country, ("vat", "Tax", Decimal(0)))
    value = float(percentage) if reason == "standard_rated" else 0.0
    for each in world.all("tax_rate"):
        if (each["country"], each["inclusive"], each["percentage"]) == (country, included, value):
            return each
    return world.add(
        {
            "id": world.id("txr_1"),
            "object": "tax_rate",
            "active": False,
            "country": country,
            "created": world.now(),
            "description": None,
            "display_name": label,
            "effective_percentage": value,
            "flat_amount": None,
            "inclusive": included,
            "jurisdiction": country,
            "jurisdiction_level": "country",
            "livemode": False,
            "metadata": {},
            "percentage": value,
            "rate_type": "percentage",
            "state": None,
            "tax_type": kind,
        }
    )
