"""Every page of a list is read: what a customer has on the second one counts as much (money rule 4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.adapters.stripe_api import objects, reader
from billing.adapters.stripe_api.lists import object_lists
from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.domain.catalog import Gives
from billing.domain.doubts import doubt_of_subscription
from billing.domain.ids import CustomerId, SubscriptionId
from billing.domain.order import OrderLine
from billing.domain.registers import disputed, refunded
from billing.domain.subscription import state_of
from billing.domain.walk import Walk
from billing.ports.stripe import Touched
from tests.integration.adapters.stripe_side import LEVELS, StripeSide


def trial(side: StripeSide, customer: CustomerId, prices: int = 1, *more: str) -> str:
    """Start a subscription that costs nothing yet, with prices of its own and some that are there; its id."""
    sold = [*(side.price(interval="month") for _ in range(prices)), *more]
    wanted: Any = {"customer": customer, "items": [{"price": price} for price in sold]}
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


def test_the_items_of_a_subscription(side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription brings ten of its items, and the rest is listed: with the level on one that is not read a payer
    would have no access, and could buy the same plan again (money rule 22).
    """
    monkeypatch.setattr(objects, "_PAGE", 5)
    team = side.price(interval="month", product={"plan": "team", "entitlement_level": "TEAM", "plan_group": "seats"})
    customer = side.customer()
    name = SubscriptionId(trial(side, customer, 11, team))
    truth = side.reads.snapshot([customer], Touched())
    (found,) = truth.subscriptions
    assert (len({item.price_id for item in found.items}), found.items[0].price_id in truth.prices) == (12, True)
    state = state_of(found, None, truth.invoices, truth.prices, LEVELS)
    assert (state.price_id, state.level, "seats" in state.groups) == (team, "TEAM", True)

    live = StripePlanChanges(side.sdk, LEVELS).live(name)
    assert [item.price.gives.level for item in live.items if item.price.id == team] == ["TEAM"]
    assert len({item.id for item in live.items}) == 12

    now = side.now()
    page = object_lists(side.sdk).subscriptions.page(Walk("objects", now, now - timedelta(days=1)))
    (told,) = [obj for obj in page.objects if obj["id"] == name]
    assert doubt_of_subscription(told, state) is None


def test_the_items_of_a_subscription_that_has_ended(side: StripeSide) -> None:
    """They give nothing: those that it shows are enough, and it stands in nobody's way."""
    customer = side.customer()
    side.control("cancel_subscription", subscription=trial(side, customer, 12), at_period_end=False)
    with side.counted():
        (found,) = side.reads.snapshot([customer], Touched()).subscriptions
    assert (found.status, len(found.items)) == ("canceled", 10)
    assert "GET /v1/subscription_items" not in side.requests


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
