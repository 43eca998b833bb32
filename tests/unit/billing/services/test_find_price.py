"""Finding a price by what it gives: one that fits is sold, several are listed, none is unknown."""

from dataclasses import replace

import pytest

from billing.domain.catalog import Price
from billing.errors import AmbiguousPrice, CurrencyUnavailable, UnknownPrice
from billing.services.find_price import PriceFinder, PriceRef
from tests.fakes.core import Core
from tests.fakes.snapshots import CREDITS, PRO_30, PRO_MONTHLY, TEAM_YEARLY, a_price

PRO_YEARLY = a_price("pro_yearly", 12000, "year", level="PRO", plan="pro", options={"usd": 13000})


def find(core: Core, currency: str | None = None, **ref: str) -> Price:
    return PriceFinder(core.stripe, currency).find(PriceRef(**ref))


@pytest.mark.parametrize(
    ("ref", "price"),
    [
        ({"price_id": CREDITS.id}, CREDITS),
        ({"lookup_key": "credits"}, CREDITS),
        ({"plan": "pro"}, PRO_MONTHLY),
        ({"level": "TEAM"}, TEAM_YEARLY),
        ({"level": "PRO", "interval": "month"}, PRO_MONTHLY),
        ({"level": "PRO", "interval": "one_time"}, PRO_30),
    ],
)
def test_the_price_that_fits_is_found(core, ref, price):
    assert find(core, **ref) == price


def test_several_are_listed_to_choose_from(core):
    core.stripe.prices[PRO_YEARLY.id] = PRO_YEARLY
    with pytest.raises(AmbiguousPrice) as refused:
        find(core, plan="pro")
    assert refused.value.public == {
        "candidates": [
            {
                "price_id": "price_pro_monthly",
                "lookup_key": "pro_monthly",
                "interval": "month",
                "interval_count": 1,
                "currency": "eur",
                "unit_amount": 1200,
            },
            {
                "price_id": "price_pro_yearly",
                "lookup_key": "pro_yearly",
                "interval": "year",
                "interval_count": 1,
                "currency": "eur",
                "unit_amount": 12000,
            },
        ]
    }


def test_a_candidate_that_is_bought_once_has_no_interval_and_the_amount_is_of_the_currency_asked_for(core):
    core.stripe.prices[PRO_30.id] = replace(PRO_30, options={"usd": 1000})
    core.stripe.prices[PRO_YEARLY.id] = PRO_YEARLY
    with pytest.raises(AmbiguousPrice) as refused:
        find(core, "usd", level="PRO")
    assert [
        (item["price_id"], item["interval"], item["interval_count"], item["currency"], item["unit_amount"])
        for item in refused.value.candidates
    ] == [("price_pro_30", None, None, "usd", 1000), ("price_pro_yearly", "year", 1, "usd", 13000)]


def test_interval_and_currency_narrow_what_a_plan_means(core):
    core.stripe.prices[PRO_YEARLY.id] = PRO_YEARLY
    assert find(core, plan="pro", interval="year") == PRO_YEARLY
    assert find(core, "usd", plan="pro") == PRO_YEARLY


def test_a_plan_that_is_not_sold_in_the_currency(core):
    with pytest.raises(CurrencyUnavailable, match="sold in eur only"):
        find(core, "usd", plan="pro")
    core.stripe.prices[PRO_YEARLY.id] = PRO_YEARLY
    with pytest.raises(CurrencyUnavailable, match="these prices are sold in eur, usd only"):
        find(core, "gbp", plan="pro")


@pytest.mark.parametrize(
    "ref",
    [
        {"price_id": "price_none"},
        {"lookup_key": "none"},
        {"plan": "none"},
        {"level": "GOLD"},
        {"plan": "pro", "interval": "day"},
    ],
)
def test_a_price_that_nobody_sells_is_unknown(core, ref):
    for currency in (None, "usd"):
        with pytest.raises(UnknownPrice):
            find(core, currency, **ref)


@pytest.mark.parametrize(
    "change", [{"active": False}, {"problem": "plan must be"}, {"unit_amount": None, "barred": "tiered"}]
)
def test_what_cannot_be_sold_is_no_candidate(core, change):
    core.stripe.prices[PRO_YEARLY.id] = replace(PRO_YEARLY, **change)
    assert find(core, plan="pro") == PRO_MONTHLY


def test_by_its_id_a_broken_price_is_found_so_that_its_fault_can_be_told(core):
    core.stripe.prices[CREDITS.id] = replace(CREDITS, problem="plan must be")
    assert find(core, price_id=CREDITS.id).problem == "plan must be"


def test_the_catalog_is_listed_once_for_all_lines_of_a_request(core):
    finder = PriceFinder(core.stripe, None)
    finder.find(PriceRef(plan="pro"))
    finder.find(PriceRef(plan="team"))
    assert core.calls.made == ["active_prices"]
