"""Several lines, currencies, discounts, tax and invoices of a session, with the official SDK over HTTP."""

import httpx
import pytest
import stripe


def order(shop, **more):
    given = {"customer": shop.customer().id, "success_url": "http://127.0.0.1:1/thanks", "mode": "payment", **more}
    return shop.v1.checkout.sessions.create(given)


def test_lines_currency_and_coupon_together(shop, stand_in):
    multi = {"product": shop.product.id, "unit_amount": 500, "currency": "usd"}
    multi |= {"currency_options": {"eur": {"unit_amount": 450}}}
    price = stand_in.v1.prices.create(multi)
    shown = stand_in.v1.prices.retrieve(price.id, {"expand": ["currency_options"]})
    assert shown.currency_options["eur"].unit_amount == 450
    coupon = stand_in.v1.coupons.create({"percent_off": 20, "name": "Spring"})
    session = order(
        shop,
        currency="eur",
        line_items=[{"price": price.id, "quantity": 1}, {"price": price.id, "quantity": 3}],
        discounts=[{"coupon": coupon.id}],
    )
    assert (session.currency, session.amount_subtotal, session.amount_total) == ("eur", 1800, 1440)

    assert shop.pay(session).status_code == 303

    done = stand_in.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items.data.discounts", "total_details.breakdown", "payment_intent"]}
    )
    assert [line.amount_discount for line in done.line_items.data] == [90, 270]
    assert done.line_items.data[0].discounts[0].discount.source.coupon == coupon.id
    assert done.total_details.breakdown.discounts[0].amount == 360
    assert (done.payment_intent.amount, done.payment_intent.currency) == (1440, "eur")
    assert stand_in.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_promotion_code_typed_into_a_subscription(shop, stand_in, inbox):
    coupon = stand_in.v1.coupons.create({"percent_off": 50, "duration": "repeating", "duration_in_months": 3})
    code = stand_in.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    items = [{"price": shop.price(1000, interval="month").id, "quantity": 1}]
    session = order(shop, mode="subscription", line_items=items, allow_promotion_codes=True)
    wrong = stand_in.http.post(f"/c/pay/{session.id}/promotion", data={"promotion_code": "nothing"})
    assert (wrong.status_code, "This code is invalid." in wrong.text) == (422, True)
    typed = stand_in.http.post(f"/c/pay/{session.id}/promotion", data={"promotion_code": code.code.lower()})
    assert typed.headers["location"] == f"/c/pay/{session.id}"

    shop.pay(session)

    done = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription.discounts", "invoice"]})
    assert (done.amount_total, done.discounts[0].promotion_code) == (500, code.id)
    discount = done.subscription.discounts[0]
    assert (discount.promotion_code, discount.subscription) == (code.id, done.subscription.id)
    assert 88 * 86_400 < discount.end - discount.start < 93 * 86_400
    assert (done.invoice.subtotal, done.invoice.total, done.invoice.amount_paid) == (1000, 500, 500)
    inbox.verified_until("customer.discount.created", discount.id)


def test_tax_by_the_typed_address_and_an_invoice(shop, stand_in):
    session = order(
        shop,
        line_items=[{"price": shop.price(1000).id, "quantity": 1}],
        automatic_tax={"enabled": True},
        customer_update={"address": "auto"},
        invoice_creation={"enabled": True},
    )
    page = stand_in.http.get(f"/c/pay/{session.id}").text
    assert "Enter your address to see it" in page
    refused = shop.pay(session, country="US")
    assert (refused.status_code, "Your address is incomplete." in refused.text) == (422, True)
    asked = shop.pay(session, country="DE", shown_total="1000")
    assert (asked.status_code, "The total has changed." in asked.text) == (409, True)

    assert shop.pay(session, country="DE", shown_total="1190").status_code == 303

    done = stand_in.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["invoice", "total_details.breakdown", "customer"]}
    )
    assert (done.total_details.amount_tax, done.invoice.total_taxes[0].amount) == (190, 190)
    rate = done.total_details.breakdown.taxes[0].rate
    assert (rate.country, rate.percentage, stand_in.v1.tax_rates.retrieve(rate.id).id) == ("DE", 19.0, rate.id)
    assert done.customer.address.country == "DE"
    assert (done.invoice.billing_reason, done.invoice.parent, done.invoice.status) == ("manual", None, "paid")
    assert stand_in.http.get(f"/i/{done.invoice.id}").text.count("$1.90") == 1


def test_what_is_refused_is_an_error_of_the_sdk(shop):
    items = [{"price": shop.price(1000).id, "quantity": 1}]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        order(shop, line_items=items, automatic_tax={"enabled": True})
    assert refused.value.code == "customer_tax_location_invalid"


def test_the_page_of_a_trial_says_what_comes_after_it(shop, stand_in):
    price = shop.price(1200, interval="month")
    trial = {"mode": "subscription", "subscription_data": {"trial_period_days": 14}}
    session = order(shop, line_items=[{"price": price.id, "quantity": 2}], **trial)
    page = httpx.get(session.url, headers={"Accept-Language": "de"}).text
    assert "In der Testphase ist nichts fällig, danach 24,00\u00a0$ pro Monat" in page
