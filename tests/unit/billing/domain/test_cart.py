"""What may be in one order, and what it costs: nothing of that is the client's to say (S13)."""

from dataclasses import replace

import pytest

from billing.domain.cart import Cart, cart_of
from billing.domain.catalog import Gives
from billing.domain.ids import PriceId
from billing.domain.order import OrderLine
from billing.errors import CurrencyUnavailable, IncompatibleLines, PriceMisconfigured, PriceUnavailable
from tests.fakes.snapshots import CREDITS, PRO_30, PRO_MONTHLY, TEAM_YEARLY, a_price

SEATS = a_price("seats", 400, "month", level="PRO", plan="pro")
STORAGE = a_price("storage", 300, "month", credits=10, plan_group="storage")
TWO_CURRENCIES = replace(CREDITS, options={"usd": 550, "gbp": 450})


def test_lines_are_frozen_in_the_order_of_the_request():
    assert cart_of([(PRO_30, 2), (CREDITS, 3)], None) == Cart(
        "payment",
        "eur",
        (
            OrderLine(PRO_30.id, "pro_30", 2, 900, PRO_30.gives),
            OrderLine(CREDITS.id, "credits", 3, 500, CREDITS.gives),
        ),
    )


def test_what_recurs_is_a_subscription():
    assert cart_of([(PRO_MONTHLY, 1), (SEATS, 5)], None).mode == "subscription"


def test_packs_of_one_product_and_of_several_plans_are_bought_together():
    one, other = (a_price(name, 500, credits=500, plan=name) for name in ("small", "large"))
    assert len(cart_of([(one, 1), (replace(other, product_id=one.product_id), 1)], None).lines) == 2


@pytest.mark.parametrize(("currency", "told", "amount"), [(None, "eur", 500), ("eur", "eur", 500), ("usd", "usd", 550)])
def test_the_amount_of_the_chosen_currency_is_frozen(currency, told, amount):
    cart = cart_of([(TWO_CURRENCIES, 1)], currency)
    assert (cart.currency, cart.lines[0].unit_amount) == (told, amount)


def test_every_line_must_be_sold_in_the_currency():
    with pytest.raises(CurrencyUnavailable, match="this price is sold in eur only") as refused:
        cart_of([(TWO_CURRENCIES, 1), (PRO_30, 1)], "usd")
    assert refused.value.ids == {"price_id": "price_pro_30"}
    with pytest.raises(CurrencyUnavailable, match="sold in eur, usd, gbp only"):
        cart_of([(TWO_CURRENCIES, 1)], "chf")


@pytest.mark.parametrize(
    ("prices", "why"),
    [
        ([CREDITS, CREDITS], "in two lines"),
        ([PRO_MONTHLY, CREDITS], "one-time and recurring"),  # money rule 12: it would grant nothing
        ([CREDITS, PRO_MONTHLY], "one-time and recurring"),
        ([CREDITS, replace(PRO_30, currency="usd")], "different default currencies"),
        ([TWO_CURRENCIES, replace(PRO_30, currency="usd", options={"eur": 900})], "different default currencies"),
        ([PRO_MONTHLY, TEAM_YEARLY], "different intervals"),
        ([PRO_MONTHLY, replace(SEATS, interval_count=3)], "different intervals"),
        ([PRO_MONTHLY, STORAGE], "different plan groups"),
        ([PRO_MONTHLY, a_price("team", 800, "month", level="TEAM")], "different plans"),
        ([PRO_MONTHLY, a_price("other", 800, "month", plan="other", credits=10)], "different plans"),
    ],
)
def test_what_one_order_cannot_hold(prices, why):
    with pytest.raises(IncompatibleLines, match=why):
        cart_of([(price, 1) for price in prices], None)


def test_broken_metadata_is_refused_by_its_key_and_never_by_its_value():
    broken = replace(
        CREDITS, gives=Gives(), problem="entitlement_level 'canary' is none of PRO", broken_key="entitlement_level"
    )
    with pytest.raises(PriceMisconfigured) as refused:
        cart_of([(CREDITS, 1), (replace(broken, id=PriceId("price_2")), 1)], None)
    assert refused.value.message == "the metadata of this price is not set up correctly: see entitlement_level"
    assert refused.value.ids == {"price_id": "price_2", "reason": "entitlement_level 'canary' is none of PRO"}
    with pytest.raises(PriceMisconfigured, match=r"is not set up correctly$"):
        cart_of([(replace(broken, broken_key=None), 1)], None)


@pytest.mark.parametrize(
    ("barred", "why"),
    [
        ("metered", "its usage is metered"),
        ("tiered", "it has tiers"),
        ("custom_amount", "the buyer chooses its amount"),
        ("packaged", "it is sold in packages"),
        ("fractional", "its amount is a fraction"),
    ],
)
def test_a_price_that_quantity_times_amount_does_not_cost(barred, why):
    with pytest.raises(PriceUnavailable, match=why) as refused:
        cart_of([(replace(CREDITS, unit_amount=None, barred=barred), 1)], None)
    assert refused.value.ids == {"price_id": CREDITS.id, "reason": barred}


@pytest.mark.parametrize("change", [{"active": False}, {"gives": Gives(plan="pro")}])
def test_what_is_not_for_sale(change):
    with pytest.raises(PriceUnavailable, match="not for sale") as refused:
        cart_of([(replace(CREDITS, **change), 1)], None)
    assert refused.value.ids == {"price_id": CREDITS.id}
