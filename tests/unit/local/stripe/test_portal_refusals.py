"""What Stripe refuses of the customer portal's configurations and sessions."""

import pytest

from local.stripe.engine.subscriptions import portal_configurations
from tests.unit.local.stripe.subscribed import Subscribed
from tests.unit.local.stripe.test_portal import CANCEL, CONFIGURATIONS, SESSIONS, enter, switching


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def refused_flow(subscribed: Subscribed, features: dict, flow: dict) -> str:
    """Ask for a session with a flow; return what is said against it."""
    account = subscribed.account
    configuration = account.post(CONFIGURATIONS, features=features)["id"]
    error = account.refusal(
        "POST", SESSIONS, customer=subscribed.now()["customer"], configuration=configuration, flow_data=flow
    )
    return str(error["message"])


@pytest.mark.parametrize(
    ("given", "status", "param"),
    [
        ({"business_profile": {"privacy_policy_url": "nowhere"}}, 400, "business_profile[privacy_policy_url]"),
        ({"default_return_url": "nowhere"}, 400, "default_return_url"),
        ({"login_page": {"enabled": True}}, 501, None),
        ({"features": {"subscription_update": {"enabled": False, "schedule_at_period_end": "NOW"}}}, 501, None),
        ({"features": {"subscription_cancel": {"enabled": True, "proration_behavior": "always_invoice"}}}, 400, "C"),
    ],
)
def test_wrong_configurations_are_refused(account, given, status, param):
    wanted = {"features": CANCEL, **given}
    if "subscription_update" in wanted["features"]:
        conditions = {"conditions": [{"type": "shortening_interval"}]}
        wanted["features"] = {"subscription_update": {"enabled": False, "schedule_at_period_end": conditions}}
    error = account.refusal("POST", CONFIGURATIONS, **wanted)
    expected = "features[subscription_cancel][proration_behavior]" if param == "C" else param
    assert (error["status"], error.get("param")) == (status, expected)


def test_products_of_a_configuration_need_their_own_prices(account, subscribed):
    at = "features[subscription_update][products]"
    product = subscribed.basic["product"]

    def refusal(*products: dict) -> str:
        features = {"subscription_update": {"enabled": False, "products": list(products)}}
        return str(account.refusal("POST", CONFIGURATIONS, features=features)["param"])

    assert refusal(*[{"product": product, "prices": []}] * 11) == at
    assert refusal({"product": product, "prices": [subscribed.price(500)]}) == f"{at}[0][prices]"
    once = account.price()
    assert refusal({"product": once["product"], "prices": [once["id"]]}) == f"{at}[0][prices]"


def test_the_default_cannot_be_switched_off(account):
    default = portal_configurations.make(account.world, {"features": CANCEL}, default=True)
    assert account.refusal("POST", f"{CONFIGURATIONS}/{default['id']}", active=False)["param"] == "active"


def test_wrong_sessions_are_refused(account, subscribed):
    assert account.refusal("POST", SESSIONS)["code"] == "parameter_missing"
    assert account.refusal("POST", SESSIONS, customer="cus_none")["code"] == "resource_missing"
    customer = subscribed.now()["customer"]
    assert account.refusal("POST", SESSIONS, customer=customer, configuration="bpc_none")["param"] == "configuration"
    assert account.refusal("POST", SESSIONS, customer=customer, on_behalf_of="acct_1")["status"] == 501


def test_a_flow_needs_where_to_go_next(subscribed):
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscribed.id}}
    said = refused_flow(subscribed, CANCEL, {**flow, "after_completion": {"type": "redirect"}})
    assert said == "Missing required param: flow_data[after_completion][redirect]."


def test_a_cancellation_that_is_not_possible_is_refused(subscribed):
    wanted = {"subscription": subscribed.id}
    flow = {"type": "subscription_cancel", "subscription_cancel": wanted}
    assert "subscription cancellation feature" in refused_flow(subscribed, {"invoice_history": {"enabled": True}}, flow)
    retention = {"type": "coupon_offer", "coupon_offer": {"coupon": "c"}}
    offered = {**flow, "subscription_cancel": {**wanted, "retention": retention}}
    assert "does not offer" in refused_flow(subscribed, CANCEL, offered)
    subscribed.update(cancel_at_period_end=True)
    assert "already set to be canceled" in refused_flow(subscribed, CANCEL, flow)
    subscribed.account.ask("DELETE", f"/v1/subscriptions/{subscribed.id}")
    assert "status of canceled" in refused_flow(subscribed, CANCEL, flow)


def test_an_update_that_cannot_be(account, subscribed):
    price = subscribed.price(2000)
    features = switching(subscribed, price)
    item = {"id": subscribed.item, "price": price}

    def confirm(**more: object) -> str:
        wanted = {"subscription": subscribed.id, "items": [item], **more}
        return refused_flow(
            subscribed, features, {"type": "subscription_update_confirm", "subscription_update_confirm": wanted}
        )

    assert "the one item" in confirm(items=[{"id": "si_other", "price": price}])
    assert "does not offer" in confirm(discounts=[{"coupon": "c"}])
    assert "between 1 and 5" in confirm(items=[{**item, "quantity": 9}])
    features["subscription_update"]["products"][1]["adjustable_quantity"] = {"enabled": False}
    assert "quantity cannot be adjusted" in confirm(items=[{**item, "quantity": 2}])
    subscribed.update(cancel_at_period_end=True)
    assert "set to be canceled" in confirm()
    subscribed.update(cancel_at_period_end=False)
    account.post("/v1/subscription_items", subscription=subscribed.id, price=subscribed.price(100))
    assert "multiple items" in confirm()


def test_a_flow_that_only_chooses_the_subscription(subscribed):
    flow = {"type": "subscription_update", "subscription_update": {"subscription": subscribed.id}}
    session = enter(subscribed, switching(subscribed, subscribed.price(2000)), flow_data=flow)
    assert session["flow"]["subscription_update"] == {"subscription": subscribed.id}
