"""Prices and what they give, from Stripe's own objects."""

from __future__ import annotations

from typing import Any

import pytest

from billing.domain.catalog import Gives
from billing.domain.ids import PriceId
from billing.errors import StripeUnavailable
from tests.integration.adapters.stripe_side import NUMBERS, StripeSide


def test_a_price_of_one_time(side: StripeSide) -> None:
    name = side.price(
        amount=1500, product={"credits_amount": "2000", "credits_expire_days": "90"}, name="2,000 credits"
    )
    price = side.catalog.price(name)
    assert price is not None
    assert (price.id, price.product_name, price.unit_amount, price.currency) == (name, "2,000 credits", 1500, "usd")
    assert (price.active, price.interval, price.recurring, price.problem) == (True, None, False, None)
    assert price.gives == Gives(credits=2000, credits_expire_days=90)
    assert price.product_id.startswith("prod_")
    assert (price.lookup_key, price.description) == (None, None)


def test_a_product_whose_id_its_owner_has_chosen_is_sold_beside_the_others(side: StripeSide) -> None:
    chosen = f"Gold.{next(NUMBERS)}"
    side.v1.products.create({"id": chosen, "name": "Gold", "metadata": {"credits_amount": "500"}})
    name = PriceId(side.v1.prices.create({"currency": "usd", "unit_amount": 500, "product": chosen}).id)
    assert name in {price.id for price in side.catalog.active_prices()}


@pytest.mark.parametrize("interval", ["month", "year"])
def test_a_recurring_price_gives_what_its_product_says(side: StripeSide, interval: str) -> None:
    of_product = {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "100"}
    price = side.sold(side.price(interval=interval, product=of_product))
    assert (price.interval, price.recurring) == (interval, True)
    assert price.gives == Gives(credits=100, level="PRO", plan="pro")


def test_metadata_of_the_price_speaks_alone(side: StripeSide) -> None:
    """Else half of the product's would leak into it: its 90 days, here."""
    of_product = {"credits_amount": "2000", "credits_expire_days": "90", "entitlement_level": "PRO"}
    price = side.sold(side.price(product=of_product, metadata={"credits_amount": "50"}))
    assert price.gives == Gives(credits=50)


def test_metadata_that_is_not_the_catalogs_does_not_silence_the_product(side: StripeSide) -> None:
    price = side.sold(side.price(product={"credits_amount": "500"}, metadata={"colour": "blue"}))
    assert price.gives == Gives(credits=500)


@pytest.mark.parametrize(
    "broken",
    [
        {"credits_amount": "many"},
        {"credits_amount": "-5"},
        {"credits_amount": "0"},
        {"credits_amount": "1e3"},
        {"credits_expire_days": "30"},
        {"entitlement_level": "GOLD"},
        {"entitlement_level": "FREE"},
        {"entitlement_days": "30"},
    ],
    ids=str,
)
def test_broken_metadata_is_a_problem_of_that_price_only(side: StripeSide, broken: dict[str, str]) -> None:
    price = side.sold(side.price(product=broken))
    assert price.problem is not None
    assert next(iter(broken)) in price.problem
    assert price.gives.nothing


@pytest.mark.parametrize("name", ["price_nobody", "plan_nobody"])
def test_an_unknown_price_is_none(side: StripeSide, name: str) -> None:
    assert side.catalog.price(PriceId(name)) is None


@pytest.mark.parametrize(
    "name", ["", "..", "price_1/../../customers/cus_1", "price_1?expand[]=x", "price_\n", "price 1", "_1"]
)
def test_text_that_is_no_price_is_asked_of_nobody(side: StripeSide, name: str) -> None:
    """S25: it would end up in a path."""
    assert side.catalog.price(PriceId(name)) is None
    assert side.catalog.price_by_lookup_key(name + " & more") is None
    assert side.requests == []


def test_a_price_by_lookup_key(side: StripeSide) -> None:
    key = f"credits_{next(NUMBERS)}"
    name = side.price(lookup_key=key)
    found = side.catalog.price_by_lookup_key(key)
    assert found == side.sold(name)
    assert found is not None
    assert (found.lookup_key, found.gives) == (key, Gives(credits=500))
    assert side.catalog.price_by_lookup_key("no_such_key") is None


def test_an_archived_price_is_known_by_its_id_and_not_for_sale(side: StripeSide) -> None:
    key = f"credits_{next(NUMBERS)}"
    name = side.price(lookup_key=key)
    side.v1.prices.update(name, {"active": False})
    assert not side.sold(name).active
    assert side.catalog.price_by_lookup_key(key) is None
    assert name not in [price.id for price in side.catalog.active_prices()]


def test_a_price_of_an_archived_product_is_not_for_sale(side: StripeSide) -> None:
    name = side.price()
    side.v1.products.update(side.sold(name).product_id, {"active": False})
    assert not side.sold(name).active
    assert name not in [price.id for price in side.catalog.active_prices()]


def test_all_active_prices_on_every_page(side: StripeSide) -> None:
    made = {side.price(product={"credits_amount": "500"}) for _ in range(2)}
    product = side.sold(min(made)).product_id
    wanted: Any = {"currency": "usd", "unit_amount": 100, "product": product}
    made |= {PriceId(side.v1.prices.create(wanted).id) for _ in range(101)}
    listed = len(list(side.v1.prices.list({"active": True, "limit": 100}).auto_paging_iter()))  # also what is not sold
    side.requests.clear()
    found = side.catalog.active_prices()
    pages = list(side.requests)
    assert made <= {price.id for price in found}
    assert len(found) == len({price.id for price in found})
    assert pages == ["GET /v1/prices"] * (-(-listed // 100))
    assert all(price.product_name for price in found)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_catalog_that_does_not_answer_is_no_empty_catalog(side: StripeSide, status: int) -> None:
    name = side.price()
    side.control("faults", fail=20, status=status)
    with pytest.raises(StripeUnavailable):
        side.catalog.price(name)
    with pytest.raises(StripeUnavailable):
        side.catalog.price_by_lookup_key("credits_500")
    with pytest.raises(StripeUnavailable):
        side.catalog.active_prices()


def test_one_price_is_one_request(side: StripeSide) -> None:
    key = f"credits_{next(NUMBERS)}"
    name = side.price(lookup_key=key)
    side.requests.clear()
    side.catalog.price(name)
    side.catalog.price_by_lookup_key(key)
    assert side.requests == [f"GET /v1/prices/{name}", "GET /v1/prices"]
