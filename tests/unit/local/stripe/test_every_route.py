"""No value of any parameter of any route is a defect: it is answered, or refused."""

import pytest

from local.stripe.engine.engine import ROUTES
from local.stripe.engine.schema import _fields, params_type

ODD = [
    "",
    "x",
    "-1",
    "0",
    "2",
    "true",
    "999999999999999999",
    {"0": "x"},
    {"a": "b"},
    ["x"],
    {"gte": "1"},
    {"0": {"a": "b"}},
]
EXISTING = {
    "active_entitlements": "entitlements.active_entitlement",
    "entitlements/features": "entitlements.feature",
    "{product}/features": "product_feature",
    "coupons": "coupon",
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "plans": "price",
    "promotion_codes": "promotion_code",
    "sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "subscriptions": "subscription",
    "subscription_items": "subscription_item",
    "invoiceitems": "invoiceitem",
    "configurations": "billing_portal.configuration",
    "invoices": "invoice",
    "events": "event",
    "webhook_endpoints": "webhook_endpoint",
    "tax_rates": "tax_rate",
    "test_clocks": "test_helpers.test_clock",
    "payment_methods": "payment_method",
    "balance_transactions": "balance_transaction",
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_odd_values_are_answered(account, route):
    account.post("/v1/test_helpers/test_clocks", frozen_time=int(account.time))
    account.pay(account.session(account.price(900, recurring={"interval": "month"})))
    account.pay(account.session(account.price()), "4000000000000259")
    account.time += 5
    account.engine.tick()
    account.post("/v1/refunds", charge=account.world.all("charge")[0]["id"], amount=5)
    coupon = account.post("/v1/coupons", percent_off=5)["id"]
    feature = account.post("/v1/entitlements/features", lookup_key="api", name="API")["id"]
    for product in account.world.all("product"):
        account.post(f"/v1/products/{product['id']}/features", entitlement_feature=feature)
    account.post("/v1/promotion_codes", promotion={"type": "coupon", "coupon": coupon})
    kind = next((kind for part, kind in EXISTING.items() if f"/{part}/{{id}}" in route.path), None)
    price, _ = account.world.all("price")
    items = {"0": {"price": price["id"], "quantity": "1"}}
    wanted: dict[str, dict[str, object]] = {
        "/v1/coupons": {"amount_off": "5", "currency": "usd"},
        "/v1/promotion_codes": {"promotion": {"type": "coupon", "coupon": coupon}},
        "/v1/entitlements/features": {"lookup_key": "other", "name": "Other"},
        "/v1/products/{product}/features": {"entitlement_feature": feature},
        "/v1/products": {"name": "x"},
        "/v1/prices": {"currency": "usd", "product": price["product"], "unit_amount": "5"},
        "/v1/checkout/sessions": {"line_items": items, "success_url": "http://a.test", "mode": "payment"},
        "/v1/refunds": {"charge": account.world.all("charge")[-1]["id"]},
        "/v1/webhook_endpoints": {"url": "http://a.test", "enabled_events": ["*"]},
        "/v1/subscriptions": {"customer": account.world.all("customer")[0]["id"], "items": items},
        "/v1/billing_portal/configurations": {"features": {"invoice_history": {"enabled": "true"}}},
        "/v1/billing_portal/sessions": {
            "customer": account.world.all("customer")[0]["id"],
            "configuration": account.post("/v1/billing_portal/configurations", features={})["id"],
        },
        "/v1/subscription_items": {"subscription": account.world.all("subscription")[0]["id"]},
        "/v1/test_helpers/test_clocks": {"frozen_time": "1795000000"},
    }
    base = wanted.get(route.path, {}) if route.method == "POST" else {}
    for name in _fields(params_type(route.schema)):
        for value in ODD:
            target = account.world.all(kind)[0]["id"] if kind and account.world.all(kind) else "none"
            path = route.path.replace("{id}", target).replace("{product}", price["product"])
            answer = account.ask(route.method, path, {**base, name: value})
            assert answer.status in (200, 400, 404, 501), answer.body
            assert answer.encoded()


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["trial_end", "trial_period_days", "metadata", "description", "trial_settings"])
def test_odd_subscription_data_is_answered(account, name, value):
    price = account.price(900, recurring={"interval": "month"})
    answer = account.ask(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "subscription",
            "line_items": [{"price": price["id"], "quantity": 1}],
            "success_url": "http://a.test",
            "subscription_data": {name: value},
        },
    )
    assert answer.status in (200, 400), answer.body
    if answer.status == 200:
        assert account.pay(answer.body).step == "complete"
