"""What the page offers beside what was ordered, or instead of it.

https://docs.stripe.com/payments/checkout/cross-sells and https://docs.stripe.com/payments/checkout/upsells
"""

import pytest

from local.stripe.engine.checkout import page_offers
from local.stripe.engine.errors import ApiError
from local.stripe.engine.world import Obj

MONTH, YEAR = {"interval": "month"}, {"interval": "year"}


def live(account, session: Obj) -> Obj:
    return account.world.need("checkout.session", session["id"])


def offers(account, session: Obj) -> list[tuple[str, bool, int]]:
    found = page_offers.page_offers(account.world, live(account, session))
    return [(offer.price["id"], offer.instead, offer.amount) for offer in found]


def cross_sell(account, price: Obj, other: Obj | None) -> None:
    need = account.world.need
    page_offers.set_cross_sell(
        account.world, need("product", price["product"]), other and need("product", other["product"])
    )


def upsell(account, price: Obj, other: Obj | None) -> None:
    need = account.world.need
    page_offers.set_upsell(account.world, need("price", price["id"]), other and need("price", other["id"]))


def paid_lines(account, session: Obj) -> list[tuple[str, int, int]]:
    found = account.get(f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    return [(line["price"]["id"], line["quantity"], line["amount_total"]) for line in found]


def test_a_cross_sell_is_paid_beside_what_was_ordered(account):
    pack, other = account.price(500), account.price(300)
    cross_sell(account, pack, other)
    session = account.session(pack)
    assert offers(account, session) == [(other["id"], False, 300)]
    page_offers.take(account.world, live(account, session), other["id"])
    assert offers(account, session) == []
    assert account.pay(session).step == "complete"
    assert paid_lines(account, session) == [(pack["id"], 1, 500), (other["id"], 1, 300)]
    paid = account.get(f"/v1/checkout/sessions/{session['id']}")
    assert paid["amount_total"] == 800
    assert account.get(f"/v1/payment_intents/{paid['payment_intent']}")["amount_received"] == 800


def test_an_upsell_takes_the_place_of_what_was_ordered(account):
    monthly = account.price(1000, recurring=MONTH)
    yearly = account.post("/v1/prices", product=monthly["product"], unit_amount=9000, currency="usd", recurring=YEAR)
    upsell(account, monthly, yearly)
    customer = account.post("/v1/customers")["id"]
    session = account.session(monthly, customer=customer, line_items=[{"price": monthly["id"], "quantity": 2}])
    assert offers(account, session) == [(yearly["id"], True, 18000)]
    page_offers.take(account.world, live(account, session), yearly["id"])
    assert account.pay(session).step == "complete"
    paid = account.get(f"/v1/checkout/sessions/{session['id']}")
    assert paid_lines(account, session) == [(yearly["id"], 2, 18000)]
    (item,) = account.get(f"/v1/subscriptions/{paid['subscription']}")["items"]["data"]
    assert (item["price"]["id"], item["quantity"]) == (yearly["id"], 2)


def test_what_cannot_be_paid_together_is_not_offered(account):
    pack, euro, plan = account.price(500), account.price(300, "eur"), account.price(900, recurring=MONTH)
    for other in (euro, plan):
        cross_sell(account, pack, other)
        session = account.session(pack)
        assert offers(account, session) == []
        with pytest.raises(ApiError, match="does not offer"):
            page_offers.take(account.world, live(account, session), other["id"])
    beside = account.price(100, recurring=MONTH)
    by_year = account.price(100, recurring=YEAR)
    for other, shown in ((beside, [(beside["id"], False, 100)]), (by_year, [])):
        cross_sell(account, plan, other)
        session = account.session(plan, customer=account.post("/v1/customers")["id"])
        assert offers(account, session) == shown


def test_beside_an_upsell_only_what_is_paid_once_is_offered(account):
    monthly, beside, setup = account.price(900, recurring=MONTH), account.price(100, recurring=MONTH), account.price(50)
    yearly = account.post("/v1/prices", product=monthly["product"], unit_amount=9000, currency="usd", recurring=YEAR)
    upsell(account, monthly, yearly)
    customer = account.post("/v1/customers")["id"]
    for other, shown in ((beside, []), (setup, [(setup["id"], False, 50)])):
        cross_sell(account, monthly, other)
        session = account.session(monthly, customer=customer)
        assert offers(account, session) == [(yearly["id"], True, 9000), *shown]


def test_an_offer_ends_with_its_setting(account):
    pack, other = account.price(500), account.price(300)
    monthly = account.price(900, recurring=MONTH)
    yearly = account.post("/v1/prices", product=monthly["product"], unit_amount=9000, currency="usd", recurring=YEAR)
    cross_sell(account, pack, other)
    cross_sell(account, pack, None)
    upsell(account, monthly, yearly)
    upsell(account, monthly, None)
    assert offers(account, account.session(pack)) == []
    assert offers(account, account.session(monthly, customer=account.post("/v1/customers")["id"])) == []


def test_settings_that_the_dashboard_does_not_offer(account):
    pack, other, plan = account.price(500), account.price(300), account.price(900, recurring=MONTH)
    account.post("/v1/prices", product=other["product"], unit_amount=1, currency="usd")
    for wrong in (pack, other):  # itself, and a product with two prices
        with pytest.raises(ApiError, match="single price"):
            cross_sell(account, pack, wrong)
    for price, wrong in ((plan, plan), (plan, account.price(9000, recurring=YEAR)), (pack, None)):
        with pytest.raises(ApiError, match="upsell"):
            upsell(account, price, wrong)
