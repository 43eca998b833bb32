"""Coupons and promotion codes: what they take off, who may redeem them, and when they are over."""

import pytest

from local.stripe.engine.catalog import amounts, promotion_codes
from local.stripe.engine.checkout import session_order

MONTH = {"interval": "month"}
SESSIONS = "/v1/checkout/sessions"
DAY = 86_400


def discounted(account, coupon, *prices, **more):
    lines = [{"price": price["id"], "quantity": 1} for price in prices]
    return account.session(prices[0], line_items=lines, discounts=[{"coupon": coupon["id"]}], **more)


def apply_typed(account, session, code):
    """What the page does with a typed code."""
    live, order = account.world.need("checkout.session", session["id"]), account.world.hidden[session["id"]]
    session_order.redeem(account.world, live, order, promotion_codes.typed(account.world, code, live["customer"]))


def free(account, session):
    assert account.pay(session, None).step == "complete"
    return account.get(f"{SESSIONS}/{session['id']}")


def renewed(account):
    subscription = account.world.all("subscription")[0]
    account.time = float(subscription["items"]["data"][0]["current_period_end"] + 3600)
    account.engine.tick()
    return account.world.all("invoice")[0]


def test_the_cents_of_an_amount_add_up():
    assert amounts.amount_off([100, 100, 100], 100) == [33, 34, 33]
    assert amounts.amount_off([500, 0, -20], 700) == [500, 0, 0]
    assert amounts.percent_off([333, 50], 50) == [167, 25]


def test_a_coupon_lowers_lines_and_payment(account):
    coupon = account.post("/v1/coupons", percent_off=20, id="SAVE20", name="20 % off")
    assert (coupon["duration"], coupon["valid"], coupon["times_redeemed"]) == ("once", True, 0)
    session = discounted(account, coupon, account.price(500), account.price(1000))
    assert (session["amount_subtotal"], session["amount_total"]) == (1500, 1200)
    assert session["total_details"]["amount_discount"] == 300
    assert session["discounts"] == [{"coupon": "SAVE20", "promotion_code": None}]
    shown = account.get(
        f"{SESSIONS}/{session['id']}",
        expand=["line_items.data.discounts", "total_details.breakdown", "discounts.coupon"],
    )
    assert [line["amount_discount"] for line in shown["line_items"]["data"]] == [100, 200]
    assert [line["discounts"][0]["amount"] for line in shown["line_items"]["data"]] == [100, 200]
    assert shown["total_details"]["breakdown"]["discounts"][0]["discount"]["checkout_session"] == session["id"]
    assert shown["discounts"][0]["coupon"]["name"] == "20 % off"
    account.pay(session)
    assert account.world.all("charge")[0]["amount"] == 1200
    assert account.get("/v1/coupons/SAVE20")["times_redeemed"] == 1


def test_a_coupon_may_be_for_some_products_only(account):
    cheap, dear = account.price(500), account.price(1000)
    coupon = account.post("/v1/coupons", percent_off=50, applies_to={"products": [dear["product"]]})
    assert "applies_to" not in coupon
    shown = account.get("/v1/coupons/" + coupon["id"], expand=["applies_to"])
    assert shown["applies_to"] == {"products": [dear["product"]]}
    assert discounted(account, coupon, cheap, dear)["amount_total"] == 1000
    items = [{"price": cheap["id"], "quantity": 1}]
    error = account.refusal(
        "POST", SESSIONS, line_items=items, success_url="http://a.test", discounts=[{"coupon": coupon["id"]}]
    )
    assert error["param"] == "discounts[0]"


def test_an_amount_off_has_a_currency(account):
    options = {"eur": {"amount_off": 90}}
    coupon = account.post("/v1/coupons", amount_off=100, currency="usd", currency_options=options)
    assert discounted(account, coupon, account.price(500))["amount_total"] == 400
    assert discounted(account, coupon, account.price(500, "eur"))["amount_total"] == 410
    items = [{"price": account.price(500, "gbp")["id"], "quantity": 1}]
    error = account.refusal(
        "POST", SESSIONS, line_items=items, success_url="http://a.test", discounts=[{"coupon": coupon["id"]}]
    )
    assert "`gbp`" in error["message"]


def test_a_free_payment_has_no_intent_and_makes_a_customer(account):
    """https://docs.stripe.com/payments/checkout/no-cost-orders"""
    coupon = account.post("/v1/coupons", percent_off=100)
    session = discounted(account, coupon, account.price(500))
    assert (session["amount_total"], session["payment_status"]) == (0, "no_payment_required")
    done = free(account, session)
    assert (done["status"], done["payment_status"], done["payment_intent"]) == ("complete", "no_payment_required", None)
    assert done["customer"] is not None
    assert account.world.all("charge") == []


@pytest.mark.parametrize(
    ("terms", "totals"),
    [
        ({"duration": "once"}, [0, 900, 900]),
        ({"duration": "repeating", "duration_in_months": 2}, [0, 0, 900]),
        ({"duration": "forever"}, [0, 0, 0]),
    ],
)
def test_a_coupon_lasts_as_long_as_it_says(account, terms, totals):
    coupon = account.post("/v1/coupons", percent_off=100, **terms)
    session = discounted(account, coupon, account.price(900, recurring=MONTH))
    assert session["payment_method_collection"] == "always"
    account.pay(session)
    assert account.world.all("subscription")[0]["status"] == "active"
    created = next(e for e in account.world.all("event") if e["type"] == "customer.subscription.created")
    assert created["data"]["object"]["status"] == "active", "what needs no payment never was incomplete"
    first = account.world.all("invoice")[0]
    assert (first["subtotal"], first["total"], first["status"]) == (900, 0, "paid")
    assert first["total_discount_amounts"] == [{"amount": 900, "discount": first["discounts"][0]}]
    assert first["lines"]["data"][0]["discount_amounts"] == first["total_discount_amounts"]
    shown = account.get("/v1/invoices/" + first["id"], expand=["discounts.source.coupon"])
    assert shown["discounts"][0]["source"]["coupon"]["id"] == coupon["id"]
    found = [first["total"], renewed(account)["total"], renewed(account)["total"]]
    assert found == totals
    running = account.get("/v1/subscriptions", expand=["data.discounts"])["data"][0]["discounts"]
    assert len(running) == (1 if terms["duration"] == "forever" else 0)
    assert ("customer.discount.deleted" in account.events()) == (terms["duration"] != "forever")


def test_a_trial_keeps_a_once_coupon_for_the_first_bill(account):
    coupon = account.post("/v1/coupons", percent_off=50)
    price = account.price(900, recurring=MONTH)
    session = discounted(account, coupon, price, subscription_data={"trial_period_days": 14})
    assert session["amount_total"] == 0
    account.pay(session)
    assert [renewed(account)["total"], renewed(account)["total"]] == [450, 900]


@pytest.fixture
def code(account):
    coupon = account.post("/v1/coupons", percent_off=10)
    return account.post("/v1/promotion_codes", promotion={"type": "coupon", "coupon": coupon["id"]}, code="Spring")


def test_a_buyer_types_a_code_whatever_its_case(account, code):
    session = account.session(account.price(500), allow_promotion_codes=True)
    apply_typed(account, session, "SPRING")
    after = account.get(f"{SESSIONS}/{session['id']}", expand=["discounts.promotion_code"])
    assert (after["amount_total"], after["discounts"][0]["promotion_code"]["code"]) == (450, "Spring")
    account.pay(session)
    assert account.world.all("charge")[0]["amount"] == 450
    assert account.get("/v1/promotion_codes/" + code["id"])["times_redeemed"] == 1


def test_a_code_after_a_refused_card_lowers_the_same_intent(account, code):
    session = account.session(account.price(500), allow_promotion_codes=True)
    assert account.pay(session, "4000000000000002").step == "retry"
    apply_typed(account, session, "spring")
    account.pay(session)
    assert [(intent["amount"], intent["status"]) for intent in account.world.all("payment_intent")] == [
        (450, "succeeded")
    ]


def test_codes_are_unique_among_the_active_ones(account, code):
    promotion = code["promotion"]
    error = account.refusal("POST", "/v1/promotion_codes", promotion=promotion, code="SPRING")
    assert error["param"] == "code"
    account.post("/v1/promotion_codes/" + code["id"], active=False)
    again = account.post("/v1/promotion_codes", promotion=promotion, code="SPRING")
    assert account.refusal("POST", "/v1/promotion_codes/" + code["id"], active=True)["param"] == "active"
    found = account.get("/v1/promotion_codes", code="spring", active=True)["data"]
    assert [each["id"] for each in found] == [again["id"]]


@pytest.mark.parametrize(
    ("restrictions", "price", "message"),
    [
        ({"minimum_amount": 600, "minimum_amount_currency": "usd"}, 500, "minimum amount"),
        ({"first_time_transaction": True}, 700, "prior transactions"),
    ],
)
def test_restrictions_are_kept(account, code, restrictions, price, message):
    customer = account.post("/v1/customers", email="a@b.c")["id"]
    account.pay(account.session(account.price(50), customer=customer))
    made = account.post("/v1/promotion_codes", promotion=code["promotion"], code="NARROW", restrictions=restrictions)
    given = {
        "line_items": [{"price": account.price(price)["id"], "quantity": 1}],
        "success_url": "http://a.test",
        "customer": customer,
        "discounts": [{"promotion_code": made["id"]}],
    }
    assert message in account.refusal("POST", SESSIONS, **given)["message"]


def test_codes_and_coupons_end(account, code):
    coupon = account.post("/v1/coupons", percent_off=10, max_redemptions=1, redeem_by=int(account.time) + 10 * DAY)
    promotion = {"type": "coupon", "coupon": coupon["id"]}
    late = account.post("/v1/promotion_codes", promotion=promotion, code="LATE", expires_at=int(account.time) + DAY)
    first = discounted(account, coupon, account.price(500))
    second = discounted(account, coupon, account.price(500))
    account.pay(first)
    outcome = account.pay(second)
    assert (outcome.step, outcome.message) == ("retry", f"Coupon expired: {coupon['id']}")
    assert account.get("/v1/coupons/" + coupon["id"])["valid"] is False
    account.time += DAY
    assert account.get("/v1/promotion_codes/" + late["id"])["active"] is False
    account.ask("DELETE", "/v1/coupons/" + code["promotion"]["coupon"])
    assert account.get("/v1/promotion_codes/" + code["id"])["active"] is False
    assert account.refusal("GET", "/v1/coupons/" + code["promotion"]["coupon"])["status"] == 404


def test_a_deleted_coupon_still_counts_where_it_was_redeemed(account):
    """https://docs.stripe.com/api/coupons/delete"""
    coupon = account.post("/v1/coupons", percent_off=50, duration="forever")
    account.pay(discounted(account, coupon, account.price(900, recurring=MONTH)))
    account.ask("DELETE", "/v1/coupons/" + coupon["id"])
    assert renewed(account)["total"] == 450


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 5, "amount_off": 5}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"amount_off": 5}, "currency"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 5, "redeem_by": 1}, "redeem_by"),
    ],
)
def test_coupons_are_whole_or_refused(account, given, param):
    assert account.refusal("POST", "/v1/coupons", **given)["param"] == param


def test_codes_and_discounts_do_not_go_together(account, code):
    given = {
        "line_items": [{"price": account.price()["id"], "quantity": 1}],
        "success_url": "http://a.test",
        "allow_promotion_codes": "false",
        "discounts": [{"promotion_code": code["id"]}],
    }
    message = account.refusal("POST", SESSIONS, **given)["message"]
    assert message == "You may only specify one of these parameters: allow_promotion_codes, discounts."
