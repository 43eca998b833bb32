"""Every page of a list is read: what a customer has on the second one counts as much (money rule 4)."""

from __future__ import annotations

from typing import Any

import pytest

from billing.adapters.stripe_api import objects, reader
from billing.domain.catalog import Gives
from billing.domain.ids import CustomerId
from billing.domain.order import OrderLine
from billing.domain.registers import disputed, refunded
from billing.ports.stripe import Touched
from tests.integration.adapters.stripe_side import StripeSide


def trial(side: StripeSide, customer: CustomerId, prices: int = 1) -> str:
    """Start a subscription that costs nothing yet; its id."""
    wanted: Any = {"customer": customer, "items": [{"price": side.price(interval="month")} for _ in range(prices)]}
    return side.v1.subscriptions.create(wanted | {"trial_period_days": 7}).id


def test_the_subscriptions_of_a_customer(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's own page holds 100, of which any number may be canceled ones."""
    monkeypatch.setattr(reader, "_PAGE", 2)
    customer = side.customer()
    started = {trial(side, customer) for _ in range(5)}
    side.requests.clear()
    found = side.reads.snapshot([customer], Touched()).subscriptions
    assert {each.id for each in found} == started
    assert side.requests.count("GET /v1/subscriptions") == 3


def test_the_lines_of_an_invoice(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invoice brings ten of its lines, and the rest is listed: one that is not read would never grant (F54)."""
    monkeypatch.setattr(reader, "_PAGE", 5)
    customer = side.customer()
    trial(side, customer, 12)
    (invoice,) = side.reads.snapshot([customer], Touched()).invoices
    assert len({line.id for line in invoice.lines}) == 12


def test_the_lines_of_a_session(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session brings ten of its lines, and the rest is listed: one that is not read would look like fraud (F46)."""
    monkeypatch.setattr(reader, "_PAGE", 5)
    prices = [side.price() for _ in range(12)]
    lines = tuple(OrderLine(price, "500 credits", 1, 500, Gives(credits=500)) for price in prices)
    customer = side.customer()
    session = side.open(side.order(prices[0], lines=lines), customer)
    (found,) = side.reads.snapshot([customer], Touched(sessions=frozenset({session.id}))).sessions
    assert {item.price_id for item in found.items} == set(prices)


def test_the_refunds_of_a_charge(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """A charge brings ten of its refunds, and the rest is listed: one that is not read leaves its credits (F37)."""
    monkeypatch.setattr(objects, "_PAGE", 5)
    customer, session = side.bought(side.price(amount=1200))
    for _ in range(12):
        side.control("refund", session=session, amount=100)
    (found,) = side.reads.snapshot([customer], Touched(sessions=frozenset({session}))).sessions
    assert found.payment is not None
    assert refunded(found.payment) == 1200


def test_the_disputes_of_a_charge(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """F39: a charge says only that there is one, and more than one is rare."""
    monkeypatch.setattr(objects, "_PAGE", 1)
    customer, session = side.bought(side.price(amount=1000))
    for amount in (300, 200):
        opened = side.control("dispute", session=session, amount=amount)
        side.control("dispute", dispute=opened["id"], status="lost")
    (found,) = side.reads.snapshot([customer], Touched(sessions=frozenset({session}))).sessions
    assert found.payment is not None
    assert disputed(found.payment) == 500
