"""The customer portal's configurations and sessions, and what a customer can do in it."""

import pytest

from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.errors import ApiError
from local.stripe.engine.subscriptions import portal, portal_configurations, portal_sessions
from tests.unit.local.stripe.subscribed import Subscribed, day, lines

CONFIGURATIONS, SESSIONS = "/v1/billing_portal/configurations", "/v1/billing_portal/sessions"
CANCEL = {"subscription_cancel": {"enabled": True}}


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def switching(subscribed: Subscribed, *prices: str, **more):
    """The feature that lets a customer switch among prices, and adjust the quantity."""
    products = [
        {
            "product": subscribed.account.get(f"/v1/prices/{price}")["product"],
            "prices": [price],
            "adjustable_quantity": {"enabled": True, "maximum": 5},
        }
        for price in (subscribed.basic["id"], *prices)
    ]
    allowed = ["price", "quantity"]
    how = {"proration_behavior": "always_invoice", **more}
    return {"subscription_update": {"enabled": True, "default_allowed_updates": allowed, "products": products, **how}}


def enter(subscribed: Subscribed, features: dict, **more):
    """The session, as it is kept, of a customer whose portal has these features."""
    account = subscribed.account
    configuration = account.post(CONFIGURATIONS, features=features)["id"]
    made = account.post(SESSIONS, customer=subscribed.now()["customer"], configuration=configuration, **more)
    return account.world.need(portal_sessions.KIND, made["id"])


def live(subscribed: Subscribed):
    return subscribed.world.need("subscription", subscribed.id)


def test_without_a_configuration_there_is_no_session(account, subscribed):
    customer = subscribed.now()["customer"]
    account.post(CONFIGURATIONS, features=CANCEL)
    error = account.refusal("POST", SESSIONS, customer=customer)
    assert error["status"] == 400
    assert error["message"].startswith(
        "No configuration provided and your test mode default configuration has not been created."
    )
    portal_configurations.make(account.world, {"features": CANCEL}, default=True)
    made = account.post(SESSIONS, customer=customer, return_url="http://a.test/back")
    assert account.get(f"{CONFIGURATIONS}/{made['configuration']}")["is_default"]
    assert (made["return_url"], made["flow"]) == ("http://a.test/back", None)
    assert account.events()[-1] == "billing_portal.session.created"


def test_a_configuration_says_what_is_on(account, subscribed):
    price = subscribed.price(2000)
    made = account.post(CONFIGURATIONS, features=switching(subscribed, price), default_return_url="http://a.test/")
    assert (made["is_default"], made["active"], made["login_page"]) == (False, True, {"enabled": False, "url": None})
    assert made["features"]["subscription_cancel"]["enabled"] is False
    assert "products" not in made["features"]["subscription_update"]
    path = f"{CONFIGURATIONS}/{made['id']}"
    shown = account.get(path, expand=["features.subscription_update.products"])["features"]["subscription_update"]
    assert [entry["prices"] for entry in shown["products"]] == [[subscribed.basic["id"]], [price]]
    assert shown["products"][0]["adjustable_quantity"] == {"enabled": True, "maximum": 5, "minimum": 1}

    changed = account.post(
        path, features={"subscription_cancel": {"enabled": True, "mode": "immediately"}}, name="Shop", active=False
    )

    assert changed["features"]["subscription_cancel"]["mode"] == "immediately"
    assert changed["features"]["subscription_update"]["enabled"]
    assert account.get(CONFIGURATIONS, active=False)["data"][0]["name"] == "Shop"
    assert account.events()[-1] == "billing_portal.configuration.updated"
    refused = account.refusal("POST", SESSIONS, customer=subscribed.now()["customer"], configuration=made["id"])
    assert refused["param"] == "configuration"


@pytest.mark.parametrize(
    ("features", "status", "param"),
    [
        ({"subscription_update": {"enabled": True}}, 400, "features[subscription_update][default_allowed_updates]"),
        (
            {"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}},
            400,
            "features[subscription_update][products]",
        ),
        ({"customer_update": {"enabled": True}}, 400, "features[customer_update][allowed_updates]"),
        (
            {"subscription_cancel": {"enabled": True, "proration_behavior": "create_prorations"}},
            400,
            "features[subscription_cancel][proration_behavior]",
        ),
        (
            {"subscription_update": {"enabled": False, "products": [{"product": "prod_none", "prices": []}]}},
            400,
            "features[subscription_update][products][0][product]",
        ),
        ({"subscription_pause": {"enabled": True}}, 501, None),
        ({"subscription_update": {"enabled": False, "default_allowed_updates": ["promotion_code"]}}, 501, None),
    ],
)
def test_a_refused_configuration_names_the_parameter_and_leaves_nothing(account, features, status, param):
    error = account.refusal("POST", CONFIGURATIONS, features=features)
    assert (error["status"], error.get("param")) == (status, param)
    assert account.world.all(portal_configurations.KIND) == []


def test_a_session_expires(account, subscribed):
    session = enter(subscribed, CANCEL)
    secret = session["url"].rpartition("/")[2]
    account.time += 299
    assert portal_sessions.visit(account.world, secret) is session
    account.time += 3599
    assert portal_sessions.visit(account.world, secret) is session
    account.time += 3600
    assert portal_sessions.visit(account.world, secret) is None
    assert portal_sessions.visit(account.world, "test_nothing") is None


def test_a_cancellation_at_the_periods_end_and_back(account, subscribed):
    """https://docs.stripe.com/billing/subscriptions/billing-mode/compare#cancellations-in-the-customer-portal"""
    session = enter(subscribed, CANCEL)
    subscribed.at(day(4, 16))
    portal.cancel(account.world, session, live(subscribed), "too_expensive", "Sorry")
    canceled = subscribed.now()
    assert (canceled["status"], canceled["cancel_at"], canceled["cancel_at_period_end"]) == ("active", day(5, 1), False)
    details = canceled["cancellation_details"]
    assert (details["reason"], details["feedback"], details["comment"]) == (
        "cancellation_requested",
        "too_expensive",
        "Sorry",
    )
    assert account.events()[-1] == "customer.subscription.updated"
    portal.renew(account.world, session, live(subscribed))
    assert (subscribed.now()["cancel_at"], subscribed.now()["canceled_at"]) == (None, None)
    portal.cancel(account.world, session, live(subscribed))
    subscribed.at(day(5, 1))
    assert (subscribed.now()["status"], account.events()[-1]) == ("canceled", "customer.subscription.deleted")
    assert len(account.get("/v1/invoices")["data"]) == 1


def test_a_cancellation_at_once_credits_the_rest(account, subscribed):
    how = {"enabled": True, "mode": "immediately", "proration_behavior": "create_prorations"}
    session = enter(subscribed, {"subscription_cancel": how})
    subscribed.at(day(4, 16))
    portal.cancel(account.world, session, live(subscribed))
    assert (subscribed.now()["status"], subscribed.pending()) == ("canceled", [-500])


def test_a_switch_bills_what_its_page_shows(account, subscribed):
    """Half of 10.00 back, half of three times 20.00: 25.00 today."""
    price = subscribed.price(2000)
    session = enter(subscribed, switching(subscribed, price))
    subscribed.at(day(4, 16))
    assert [plan.price["id"] for plan in portal.plans(account.world, session, live(subscribed))] == [
        subscribed.basic["id"],
        price,
    ]
    shown, now = portal.preview(account.world, session, live(subscribed), price, 3)
    assert (now, shown["amount_due"]) == (True, 2500)
    portal.switch(account.world, session, live(subscribed), price, 3)
    assert lines(subscribed.latest()) == lines(shown)
    assert (subscribed.latest()["amount_paid"], subscribed.now()["items"]["data"][0]["quantity"]) == (2500, 3)


def test_a_switch_whose_payment_is_refused_changes_nothing(account, subscribed):
    price = subscribed.price(2000)
    session = enter(subscribed, switching(subscribed, price))
    subscribed.at(day(4, 16))
    subscribed.break_card()
    with pytest.raises(ApiError, match="Your card was declined"):
        portal.switch(account.world, session, live(subscribed), price, 1)
    assert subscribed.now()["items"]["data"][0]["price"]["id"] == subscribed.basic["id"]


@pytest.mark.parametrize(
    ("price", "quantity", "said"),
    [
        ("BASIC", 1, "no changes to confirm"),
        ("OTHER", 1, "is not among the portal configuration's products"),
        ("BASIC", 6, "must be between 1 and 5"),
    ],
)
def test_a_switch_to_what_the_portal_does_not_offer_is_refused(account, subscribed, price, quantity, said):
    session = enter(subscribed, switching(subscribed))
    known = {"BASIC": subscribed.basic["id"], "OTHER": subscribed.price(700)}
    with pytest.raises(ApiError, match=said):
        portal.switch(account.world, session, live(subscribed), known[price], quantity)


@pytest.mark.parametrize(("behavior", "status"), [("end_trial", "active"), ("continue_trial", "trialing")])
def test_a_switch_in_a_trial_ends_it_or_keeps_it_as_configured(account, behavior, status):
    trial = Subscribed(account, subscription_data={"trial_period_days": 10})
    price = trial.price(2000)
    session = enter(trial, switching(trial, price, trial_update_behavior=behavior))
    trial.at(day(4, 5))
    portal.switch(account.world, session, live(trial), price, 1)
    assert trial.now()["status"] == status
    assert trial.latest()["amount_paid"] == (2000 if status == "active" else 0)


def test_a_new_card_pays_from_now_on(account, subscribed):
    session = enter(subscribed, {"payment_method_update": {"enabled": True}, "invoice_history": {"enabled": True}})
    subscribed.break_card()
    subscribed.at(day(5, 2))
    invoice = subscribed.latest()["id"]
    assert portal.pay(account.world, session, invoice) == "Your card was declined."
    with pytest.raises(ApiError, match="Your card was declined"):
        portal.replace_card(account.world, session, CARDS["4000000000000002"])
    method = portal.replace_card(account.world, session, CARDS["5555555555554444"])
    customer = account.get("/v1/customers")["data"][0]
    assert customer["invoice_settings"]["default_payment_method"] == method["id"]
    assert subscribed.now()["default_payment_method"] == method["id"]
    assert portal.pay(account.world, session, invoice) is None
    assert (subscribed.latest()["status"], subscribed.now()["status"]) == ("paid", "active")
    with pytest.raises(ApiError, match="No such invoice"):
        portal.pay(account.world, session, invoice)


def test_what_is_off_stays_off(account, subscribed):
    session = enter(subscribed, {"invoice_history": {"enabled": True}})
    for deed in (
        lambda: portal.cancel(account.world, session, live(subscribed)),
        lambda: portal.replace_card(account.world, session, CARDS["4242424242424242"]),
        lambda: portal.switch(account.world, session, live(subscribed), subscribed.price(700), 1),
    ):
        with pytest.raises(ApiError, match="is disabled"):
            deed()
    with pytest.raises(ApiError, match="No such subscription"):
        portal.subscription_of(account.world, session, "sub_of_another")


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ({"type": "subscription_cancel"}, "Missing required param: flow_data[subscription_cancel]"),
        ({"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}}, "No such subscription"),
        (
            {"type": "subscription_update", "subscription_update": {"subscription": "SUB"}},
            "cannot be updated because the subscription update feature in the portal configuration is disabled.",
        ),
        ({"type": "payment_method_update"}, "Payment methods cannot be updated because"),
        (
            {
                "type": "subscription_cancel",
                "subscription_cancel": {"subscription": "SUB"},
                "after_completion": {"type": "redirect", "redirect": {"return_url": "nowhere"}},
            },
            "Not a valid URL",
        ),
        ({"type": "customer_update"}, "does not offer flow_data[type]=customer_update"),
    ],
)
def test_a_flow_that_does_not_fit_is_refused(account, subscribed, flow, said):
    configuration = account.post(CONFIGURATIONS, features=CANCEL)["id"]
    given = {
        name: {"subscription": subscribed.id} if value == {"subscription": "SUB"} else value
        for name, value in flow.items()
    }
    error = account.refusal(
        "POST", SESSIONS, customer=subscribed.now()["customer"], configuration=configuration, flow_data=given
    )
    assert said in error["message"]


def test_a_flow_may_lead_straight_to_a_confirmation(account, subscribed):
    price = subscribed.price(2000)
    wanted = {"subscription": subscribed.id, "items": [{"id": subscribed.item, "price": price}]}
    flow = {"type": "subscription_update_confirm", "subscription_update_confirm": wanted}
    session = enter(subscribed, switching(subscribed, price), flow_data=flow)
    assert session["flow"]["subscription_update_confirm"]["items"] == [
        {"id": subscribed.item, "price": price, "quantity": 1}
    ]
    assert session["flow"]["after_completion"] == {
        "type": "portal_homepage",
        "redirect": None,
        "hosted_confirmation": None,
    }
    unchanged = {"subscription": subscribed.id, "items": [{"id": subscribed.item, "quantity": 1}]}
    error = account.refusal(
        "POST",
        SESSIONS,
        customer=session["customer"],
        configuration=session["configuration"],
        flow_data=flow | {"subscription_update_confirm": unchanged},
    )
    assert error["message"] == "Cannot update the subscription because there are no changes to confirm."
