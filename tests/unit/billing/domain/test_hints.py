"""Paths into what Stripe sends: followed as far as it goes, whatever is there instead."""

from typing import Any

import pytest

from billing.domain.hints import at

PAYMENT = ("payments", "data", "0", "payment")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"payments": {"data": [{"payment": "pi_1"}, {"payment": "pi_2"}]}}, "pi_1"),
        ({"payments": {"data": []}}, None),
        ({"payments": {"data": ["text"]}}, None),
        ({"payments": {"data": "text"}}, None),
        ({"payments": {"data": None}}, None),
        ({"payments": ["text"]}, None),
        ("text", None),
    ],
)
def test_a_path_ends_where_nothing_fits_it(value: Any, found: str | None) -> None:
    assert at(value, PAYMENT) == found
