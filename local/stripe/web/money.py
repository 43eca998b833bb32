"""Amounts for people."""

from __future__ import annotations

NO_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
"""https://docs.stripe.com/currencies#zero-decimal

Without ISK and UGX: their amounts keep two decimals, which are always 00.
https://docs.stripe.com/currencies#special-cases
"""
SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}


def money(amount: int, currency: str, language: str = "en") -> str:
    """Write an amount in minor units: $1,234.50 in English, 1.234,50 $ in the other languages of the page."""
    minus, size = ("−" if amount < 0 else ""), abs(amount)
    figure = f"{size:,}" if currency in NO_DECIMALS else f"{size // 100:,}.{size % 100:02d}"
    sign = SIGNS.get(currency)
    if language == "en":
        return f"{minus}{sign}{figure}" if sign else f"{minus}{figure} {currency.upper()}"
    return f"{minus}{figure.translate(str.maketrans(',.', '.,'))}\u00a0{sign or currency.upper()}"
