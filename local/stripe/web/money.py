"""Amounts for people."""

from __future__ import annotations

from decimal import Decimal

DECIMALS = {
    **dict.fromkeys(
        ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"], 0
    ),
    **dict.fromkeys(["bhd", "jod", "kwd", "omr", "tnd"], 3),
}
"""How many decimals an amount has, where it is not two: https://docs.stripe.com/currencies#zero-decimal and
https://docs.stripe.com/currencies#three-decimal

Without ISK and UGX: their amounts keep two decimals, which are always 00.
https://docs.stripe.com/currencies#special-cases
"""
SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}


def money(amount: int, currency: str, language: str = "en") -> str:
    """Write an amount in minor units: $1,234.50 in English, 1.234,50 $ in the other languages of the page."""
    decimals = DECIMALS.get(currency, 2)
    minus, figure = ("−" if amount < 0 else ""), f"{Decimal(abs(amount)).scaleb(-decimals):,.{decimals}f}"
    sign = SIGNS.get(currency)
    if language == "en":
        return f"{minus}{sign}{figure}" if sign else f"{minus}{figure} {currency.upper()}"
    return f"{minus}{figure.translate(str.maketrans(',.', '.,'))}\u00a0{sign or currency.upper()}"
