"""A buyer whose e-mail address Stripe refuses buys all the same, over the official SDK and Stripe's stand-in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.services.start_checkout import start_checkout
from tests.fakes.requests import a_request
from tests.integration.adapters.shop import Shop

REFUSED = "ada@example"


@pytest.mark.parametrize("adopting", [False, True])
def test_a_checkout_goes_on_without_the_address(shop: Shop, adopting: bool) -> None:
    """The gateway's functions take no such address; Stripe may refuse others, and accounts of before hold some."""
    selling = replace(shop.checkout.selling, receipts=True, adopt_customers=adopting)
    deps = replace(shop.checkout, selling=selling)
    price = shop.side.price()
    request = a_request(user=shop.user, email=REFUSED, price_id=price)
    opened = start_checkout(request, deps)
    session = shop.side.v1.checkout.sessions.retrieve(opened.id)
    assert shop.side.v1.customers.retrieve(str(session.customer)).email is None
    assert start_checkout(request, deps).id == opened.id
    assert [line.message for line in shop.log.lines if line.level == "warning"] == [
        "e-mail address refused by Stripe",
        "e-mail address refused by Stripe",
    ]
    assert REFUSED not in str(shop.log.lines)

    shop.side.pay(opened)
    shop.consume(shop.burst())
    assert shop.account.balance == 500
    paid = shop.side.v1.checkout.sessions.retrieve(opened.id, {"expand": ["payment_intent"]})
    assert paid.payment_intent is not None
    assert getattr(paid.payment_intent, "receipt_email", "") is None
