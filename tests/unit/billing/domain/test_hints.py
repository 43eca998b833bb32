"""Paths into what Stripe sends: followed as far as it goes, whatever is there instead."""

from typing import Any

import pytest

from billing.domain.hints import at, hints_of
from billing.domain.notice import ObjectRef

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


@pytest.mark.parametrize(
    ("named", "order"),
    [
        ({"metadata": {"order_id": "ord_1"}, "client_reference_id": "ord_2"}, "ord_1"),
        ({"metadata": {}, "client_reference_id": "ord_2"}, "ord_2"),
        ({"metadata": {"order_id": "not one"}, "client_reference_id": "ord_2"}, "ord_2"),
    ],
)
def test_the_order_in_the_metadata_speaks_before_the_one_in_the_address(named: dict[str, Any], order: str) -> None:
    """Anybody can write the other into the address of a payment link (F35)."""
    assert hints_of(named, ObjectRef("checkout.session", "cs_1")).order_id == order


def test_an_invoice_that_shows_its_payment_names_its_charge() -> None:
    paid = {"payments": {"data": [{"payment": {"type": "charge", "charge": "ch_1"}}]}}
    assert hints_of(paid, ObjectRef("invoice", "in_1")).related == {"invoice": "in_1", "charge": "ch_1"}
