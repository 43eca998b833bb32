"""Features of products, and what customers are entitled to by their subscriptions."""

import pytest

MONTH = {"interval": "month"}
ENTITLEMENTS = "/v1/entitlements/active_entitlements"
UPDATED = "entitlements.active_entitlement_summary.updated"


def feature(account, key):
    return account.post("/v1/entitlements/features", lookup_key=key, name=key.title())["id"]


@pytest.fixture
def plan(account):
    """A monthly price whose product has two features."""
    price = account.price(900, recurring=MONTH)
    for key in ("export", "api"):
        account.post(f"/v1/products/{price['product']}/features", entitlement_feature=feature(account, key))
    return price


@pytest.fixture
def customer(account):
    return account.post("/v1/customers", email="a@b.c")["id"]


def keys(account, customer):
    return sorted(each["lookup_key"] for each in account.get(ENTITLEMENTS, customer=customer)["data"])


def test_a_subscription_entitles_and_its_end_does_not(account, plan, customer):
    account.pay(account.session(plan, customer=customer))
    assert keys(account, customer) == ["api", "export"]
    told = [event for event in account.world.all("event") if event["type"] == UPDATED]
    assert len(told) == 1
    summary = told[0]["data"]["object"]
    assert summary.keys() == {"object", "customer", "entitlements", "livemode"}, "it has no id"
    assert (summary["customer"], len(summary["entitlements"]["data"])) == (customer, 2)
    assert summary["entitlements"]["url"] == f"/v1/customer/{customer}/entitlements"
    assert told[0]["data"]["previous_attributes"] == {"entitlements": {"data": []}}
    shown = account.get(ENTITLEMENTS, customer=customer, expand=["data.feature"])["data"]
    assert {each["feature"]["name"] for each in shown} == {"Export", "Api"}
    account.ask("DELETE", "/v1/subscriptions/" + account.world.all("subscription")[0]["id"])
    assert keys(account, customer) == []
    assert account.events().count(UPDATED) == 2


def test_what_two_subscriptions_share_is_one_entitlement(account, plan, customer):
    account.pay(account.session(plan, customer=customer))
    account.pay(account.session(plan, customer=customer))
    assert keys(account, customer) == ["api", "export"]
    assert account.events().count(UPDATED) == 1
    account.ask("DELETE", "/v1/subscriptions/" + account.world.all("subscription")[0]["id"])
    assert keys(account, customer) == ["api", "export"], "the other one still entitles"


def test_a_lost_event_loses_no_entitlement(account, plan, customer):
    session = account.session(plan, customer=customer)
    account.world.lose_next = 100
    account.pay(session)
    account.world.lose_next = 0
    assert keys(account, customer) == ["api", "export"]


def test_a_later_feature_comes_with_the_renewal(account, plan, customer):
    account.pay(account.session(plan, customer=customer))
    attached = account.post(f"/v1/products/{plan['product']}/features", entitlement_feature=feature(account, "sso"))
    assert keys(account, customer) == ["api", "export"]
    account.time = float(account.world.all("subscription_item")[0]["current_period_end"] + 3600)
    account.engine.tick()
    assert keys(account, customer) == ["api", "export", "sso"]
    gone = account.ask("DELETE", f"/v1/products/{plan['product']}/features/{attached['id']}").body
    assert gone == {"id": attached["id"], "object": "product_feature", "deleted": True}
    assert len(account.get(f"/v1/products/{plan['product']}/features")["data"]) == 2


def test_entitlements_come_ten_at_a_time(account, customer):
    price = account.price(900, recurring=MONTH)
    for number in range(12):
        account.post(f"/v1/products/{price['product']}/features", entitlement_feature=feature(account, f"f{number}"))
    account.pay(account.session(price, customer=customer))
    first = account.get(ENTITLEMENTS, customer=customer)
    assert (len(first["data"]), first["has_more"]) == (10, True)
    rest = account.get(ENTITLEMENTS, customer=customer, starting_after=first["data"][-1]["id"])
    assert (len(rest["data"]), rest["has_more"]) == (2, False)
    told = account.world.all("event")
    summary = next(event for event in told if event["type"] == UPDATED)["data"]["object"]
    assert (len(summary["entitlements"]["data"]), summary["entitlements"]["has_more"]) == (10, True)


def test_features_are_archived_for_good(account, plan):
    made = account.get("/v1/entitlements/features", lookup_key="api")["data"][0]
    error = account.refusal("POST", "/v1/entitlements/features", lookup_key="api", name="Again")
    assert error["code"] == "resource_already_exists"
    path = "/v1/entitlements/features/" + made["id"]
    assert account.post(path, name="API", active=False)["active"] is False
    assert account.refusal("POST", path, active=True)["status"] == 400
    assert [each["id"] for each in account.get("/v1/entitlements/features", archived=True)["data"]] == [made["id"]]
    assert feature(account, "api") != made["id"], "the key is free again"
    other = account.price(recurring=MONTH)["product"]
    error = account.refusal("POST", f"/v1/products/{other}/features", entitlement_feature=made["id"])
    assert error["param"] == "entitlement_feature"
    assert account.refusal("GET", f"/v1/products/{other}/features/prodft_x")["status"] == 404
    assert account.refusal("GET", "/v1/products/prod_x/features")["status"] == 404
