"""How figures are written for people."""

import pytest

from plumb.output import money


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (1200, "usd", "12.00 usd"),
        (500, "jpy", "500 jpy"),
        (50_000, "ugx", "500.00 ugx"),
        (5120, "kwd", "5.120 kwd"),
        (-5, "bhd", "-0.005 bhd"),
        (12_345_678_901_234_567, "eur", "123456789012345.67 eur"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount: int, currency: str, written: str) -> None:
    assert money(amount, currency) == written
