"""How an order is sold, as Stripe understands it; and the customers and currencies that were there before us."""

from __future__ import annotations

import time
from typing import Any

import pytest

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.domain.ids import CustomerId, PriceId
from billing.domain.order import Order
from billing.domain.terms import Terms
from billing.errors import StripeRefused
from billing.ports.stripe import OpenSession
from tests.integration.adapters.stripe_side import API, LEVELS, NUMBERS, StripeSide

PLAN = {"plan": "pro", "entitlement_level": "PRO"}


def opened(side: StripeSide, order: Order) -> tuple[OpenSession, Any]:
    made = side.open(order, side.customer())
    return made, side.v1.checkout.sessions.retrieve(made.id)


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_settings_of_both_modes(side: StripeSide, mode: str) -> None:
    price = side.price(interval="month", product=PLAN) if mode == "subscription" else side.price()
    terms = Terms(locale="de", promotion_codes=True, automatic_tax=True, billing_address="required")
    _, session = opened(side, side.order(price, mode=mode, terms=terms))
    assert (session.locale, session.allow_promotion_codes) == ("de", True)
    assert session.automatic_tax.enabled
    assert session.billing_address_collection == "required"


def test_the_page_may_keep_the_address_that_tax_is_reckoned_by(side: StripeSide) -> None:
    """Without that leave Stripe refuses automatic tax for a customer who has no address yet, as all of ours."""
    order = side.order(side.price(), terms=Terms(automatic_tax=True))
    assert opened(side, order)[1].status == "open"


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_an_embedded_page_has_a_client_secret_and_no_address(side: StripeSide, mode: str) -> None:
    price = side.price(interval="month", product=PLAN) if mode == "subscription" else side.price()
    made, session = opened(side, side.order(price, mode=mode, terms=Terms(ui_mode="embedded")))
    assert (made.url, session.url, session.success_url, session.cancel_url) == (None, None, None, None)
    assert made.client_secret is not None
    assert made.client_secret.startswith(f"{made.id}_secret_")
    assert session.ui_mode == "embedded_page"
    assert session.return_url == f"{API}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"


def test_a_trial_costs_nothing_and_asks_for_a_card(side: StripeSide) -> None:
    price = side.price(interval="month", product=PLAN)
    made, session = opened(side, side.order(price, mode="subscription", terms=Terms(trial_days=14)))
    assert (session.amount_total, session.payment_method_collection) == (0, "always")
    side.pay(made)
    name = side.v1.checkout.sessions.retrieve(made.id).subscription
    subscription = side.v1.subscriptions.retrieve(str(name))
    assert subscription.status == "trialing"
    assert subscription.trial_end is not None
    assert abs(subscription.trial_end - side.now().timestamp() - 14 * 86_400) < 60


def test_a_trial_without_a_card(side: StripeSide) -> None:
    price = side.price(interval="month", product=PLAN)
    terms = Terms(trial_days=14, trial_without_card=True)
    made, session = opened(side, side.order(price, mode="subscription", terms=terms))
    assert session.payment_method_collection == "if_required"
    answer = side.http.post(f"/c/pay/{made.id}", data={"email": "buyer@example.com", "name": "Ada Buyer"})
    assert answer.status_code < 400, answer.text
    name = side.v1.checkout.sessions.retrieve(made.id).subscription
    subscription = side.v1.subscriptions.retrieve(str(name))
    assert (subscription.status, subscription.default_payment_method) == ("trialing", None)
    assert subscription.trial_settings is not None
    assert subscription.trial_settings.end_behavior.missing_payment_method == "cancel"


def test_a_receipt_goes_to_the_buyers_address(side: StripeSide) -> None:
    order = side.order(side.price(), terms=Terms(receipt=True), email="ada@example.com")
    made, _ = opened(side, order)
    side.pay(made)
    paid: Any = side.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert paid.payment_intent.receipt_email == "ada@example.com"
    assert paid.payment_intent.metadata.to_dict()["email"] == "ada@example.com"


def test_an_invoice_is_made_of_a_payment(side: StripeSide) -> None:
    made, session = opened(side, side.order(side.price(), terms=Terms(invoice=True)))
    assert session.invoice_creation.enabled
    side.pay(made)
    paid: Any = side.v1.checkout.sessions.retrieve(made.id, {"expand": ["invoice"]})
    assert (paid.invoice.status, paid.invoice.metadata.to_dict()["user_id"]) == ("paid", "alice")


# ------------------------------------------------------------------------------------------------------- the catalog


def in_two_currencies(side: StripeSide, **given: Any) -> PriceId:
    return side.price(currency_options={"eur": {"unit_amount": 450}}, **given)


def test_a_price_tells_its_currencies_however_it_is_asked_for(side: StripeSide) -> None:
    key = f"two_currencies_{next(NUMBERS)}"
    price = in_two_currencies(side, lookup_key=key)
    catalog = StripeCatalog(side.sdk, LEVELS)
    listed = {item.id: item for item in catalog.active_prices()}
    by_key = catalog.price_by_lookup_key(key)
    assert by_key == side.sold(price) == listed[price]
    assert by_key is not None
    assert [by_key.amount_in(currency) for currency in ("usd", "eur", "gbp")] == [500, 450, None]


@pytest.mark.parametrize(("currency", "total"), [("usd", 500), ("eur", 450)])
def test_a_session_is_in_the_currency_of_its_order(side: StripeSide, currency: str, total: int) -> None:
    _, session = opened(side, side.order(in_two_currencies(side), currency=currency))
    assert (session.currency, session.amount_total) == (currency, total)


def test_a_currency_that_the_price_does_not_have_is_refused(side: StripeSide) -> None:
    with pytest.raises(StripeRefused):
        opened(side, side.order(side.price(), currency="eur"))


# ------------------------------------------------------------------------------- customers who were there before us


def test_customers_are_found_by_their_exact_address(side: StripeSide) -> None:
    address = f"old{next(NUMBERS)}@example.com"
    plain = side.v1.customers.create({"email": address})
    hinted = side.v1.customers.create({"email": address, "metadata": {"user_id": "bob"}})
    side.v1.customers.create({"email": address.upper()})
    side.v1.customers.delete(side.v1.customers.create({"email": address}).id)
    found = {item.id: item for item in side.sessions.customers_of(address)}
    assert found.keys() == {plain.id, hinted.id}
    assert (found[CustomerId(plain.id)].user_hint, found[CustomerId(hinted.id)].user_hint) == (None, "bob")
    assert abs(found[CustomerId(plain.id)].created.timestamp() - time.time()) < 3600


def test_a_customer_tells_whether_it_has_a_subscription(side: StripeSide) -> None:
    address = f"old{next(NUMBERS)}@example.com"
    customer = side.v1.customers.create({"email": address})
    price = side.price(interval="month", product=PLAN)
    made = side.open(side.order(price, mode="subscription"), CustomerId(customer.id))
    assert [item.subscribed for item in side.sessions.customers_of(address)] == [False]
    side.pay(made)
    assert [item.subscribed for item in side.sessions.customers_of(address)] == [True]
    subscription = side.v1.checkout.sessions.retrieve(made.id).subscription
    side.v1.subscriptions.cancel(str(subscription))
    assert [item.subscribed for item in side.sessions.customers_of(address)] == [False]
