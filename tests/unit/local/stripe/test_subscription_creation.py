"""Subscriptions made without a checkout."""

import pytest

from tests.unit.local.stripe.subscribed import day

HOUR = 3600


@pytest.fixture
def plan(account) -> str:
    account.time = float(day(4, 1))
    return str(account.price(1000, recurring={"interval": "month"})["id"])


@pytest.fixture
def customer(account) -> str:
    return str(account.post("/v1/customers", email="ada@example.com")["id"])


def save(account, customer: str, number: str = "pm_card_visa") -> str:
    method = account.post(f"/v1/payment_methods/{number}/attach", customer=customer)["id"]
    account.post(f"/v1/customers/{customer}", invoice_settings={"default_payment_method": method})
    return str(method)


def create(account, customer: str, plan: str, **more):
    return account.post("/v1/subscriptions", customer=customer, items=[{"price": plan}], **more)


def test_one_is_paid_with_the_customers_card(account, plan, customer):
    method = save(account, customer)
    made = create(account, customer, plan, metadata={"user_id": "u1"}, description="Pro")
    assert (made["status"], made["default_payment_method"], made["metadata"]) == ("active", None, {"user_id": "u1"})
    invoice = account.get(f"/v1/invoices/{made['latest_invoice']}")
    assert (invoice["status"], invoice["billing_reason"]) == ("paid", "subscription_create")
    assert account.get(f"/v1/customers/{customer}/payment_methods")["data"][0]["id"] == method
    account.time = float(day(5, 1, 2))
    assert account.get("/v1/invoices")["data"][0]["status"] == "paid"


def test_a_first_period_up_to_a_chosen_day_is_billed_in_part_and_the_next_ones_whole(account, plan, customer):
    save(account, customer)
    made = create(account, customer, plan, billing_cycle_anchor=day(4, 16))
    (item,) = made["items"]["data"]
    (line,) = account.get(f"/v1/invoices/{made['latest_invoice']}")["lines"]["data"]
    (created,) = account.get("/v1/events", type="customer.subscription.created")["data"]
    assert (made["billing_cycle_anchor"], item["current_period_end"]) == (day(4, 16), day(4, 16))
    assert created["data"]["object"]["billing_cycle_anchor"] == day(4, 16)
    assert (line["amount"], line["parent"]["subscription_item_details"]["proration"]) == (484, True)  # 15 of 31 days
    account.time = float(day(4, 16, 2))
    (line,) = account.get("/v1/invoices")["data"][0]["lines"]["data"]
    assert (line["amount"], line["period"]) == (1000, {"start": day(4, 16), "end": day(5, 16)})
    assert not line["parent"]["subscription_item_details"]["proration"]


@pytest.mark.parametrize(
    ("when", "more", "status", "said"),
    [
        (day(4, 1), {}, 400, "Timestamp must be in the future."),
        (day(5, 1) + 1, {}, 400, f"later than next natural billing date ({day(5, 1)})"),
        (day(4, 16), {"trial_period_days": 3}, 501, "billing_cycle_anchor with a trial"),
    ],
)
def test_a_day_of_billing_lies_within_the_first_period(account, plan, customer, when, more, status, said):
    save(account, customer)
    given = {"customer": customer, "items": [{"price": plan}], "billing_cycle_anchor": when, **more}
    error = account.refusal("POST", "/v1/subscriptions", **given)
    assert error["status"] == status
    assert said in error["message"]


def test_a_customer_may_have_several(account, plan, customer):
    save(account, customer)
    first, second = create(account, customer, plan), create(account, customer, plan)
    assert first["id"] != second["id"]
    assert len(account.get("/v1/subscriptions", customer=customer)["data"]) == 2


def test_nothing_to_pay_with_is_refused(account, plan, customer):
    error = account.refusal("POST", "/v1/subscriptions", customer=customer, items=[{"price": plan}])
    assert (error["status"], error["code"]) == (400, "resource_missing")
    assert error["message"].startswith("This customer has no attached payment source or default payment method.")
    assert account.world.all("subscription") == []


@pytest.mark.parametrize("behavior", ["allow_incomplete", "default_incomplete"])
def test_a_first_payment_that_does_not_come_expires(account, plan, customer, behavior):
    save(account, customer, "pm_card_chargeCustomerFail")
    made = create(account, customer, plan, payment_behavior=behavior)
    invoice = account.get(f"/v1/invoices/{made['latest_invoice']}")
    assert (made["status"], invoice["status"]) == ("incomplete", "open")
    assert (invoice["attempted"], invoice["next_payment_attempt"]) == (behavior == "allow_incomplete", None)
    path = f"/v1/subscriptions/{made['id']}"
    assert account.refusal("POST", path, cancel_at_period_end=True)["code"] == "status_transition_invalid"
    account.time += 23 * HOUR - 1
    assert account.get(path)["status"] == "incomplete"
    account.time += 1
    assert account.get(path)["status"] == "incomplete_expired"
    assert account.get(f"/v1/invoices/{invoice['id']}")["status"] == "void"
    account.time = float(day(5, 2))
    assert len(account.get("/v1/invoices")["data"]) == 1
    assert "customer.subscription.deleted" not in account.events()


def test_a_first_payment_in_time_makes_it_active_for_good(account, plan, customer):
    save(account, customer, "pm_card_chargeCustomerFail")
    made = create(account, customer, plan)
    save(account, customer)
    paid = account.post(f"/v1/invoices/{made['latest_invoice']}/pay")
    assert (paid["status"], account.get(f"/v1/subscriptions/{made['id']}")["status"]) == ("paid", "active")
    account.time += 24 * HOUR
    assert account.get(f"/v1/subscriptions/{made['id']}")["status"] == "active"


def test_a_refused_payment_may_leave_nothing(account, plan, customer):
    save(account, customer, "pm_card_chargeCustomerFail")
    error = account.refusal(
        "POST",
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": plan}],
        payment_behavior="error_if_incomplete",
    )
    assert (error["status"], error["type"], error["code"]) == (402, "card_error", "card_declined")
    assert account.world.all("subscription") == account.world.all("invoice") == []


def test_a_trial_asks_for_nothing(account, plan, customer):
    made = create(account, customer, plan, trial_period_days=14)
    assert (made["status"], made["trial_end"]) == ("trialing", day(4, 15))
    assert made["items"]["data"][0]["current_period_end"] == day(4, 15)
    invoice = account.get(f"/v1/invoices/{made['latest_invoice']}")
    assert (invoice["status"], invoice["total"]) == ("paid", 0)
    assert invoice["lines"]["data"][0]["description"] == "Free trial for 1 × 500 credits"


def test_cancel_at_the_period_end_from_the_start(account, plan, customer):
    save(account, customer)
    made = create(account, customer, plan, cancel_at_period_end=True)
    assert (made["cancel_at_period_end"], made["cancel_at"]) == (True, day(5, 1))


@pytest.mark.parametrize(
    ("given", "status", "param"),
    [
        ({"customer": "cus_none"}, 404, "customer"),
        ({"customer": None}, 400, "customer"),
        ({"items": []}, 400, "items"),
        ({"items": [{"price": "PLAN"}, {"price": "PLAN"}]}, 400, "plan"),
        ({"payment_behavior": "pending_if_incomplete"}, 400, "payment_behavior"),
        ({"default_payment_method": "pm_none"}, 400, "default_payment_method"),
        ({"trial_end": 5}, 400, "trial_end"),
        ({"trial_period_days": 800}, 400, "trial_period_days"),
        ({"currency": "eur"}, 400, "items[0][price]"),
        ({"collection_method": "send_invoice"}, 501, None),
    ],
)
def test_a_wrong_subscription_is_refused(account, plan, customer, given, status, param):
    save(account, customer)
    wanted = {"customer": customer, "items": [{"price": plan}], **given}
    if "items" in given:
        wanted["items"] = [{"price": plan} for _ in given["items"]]
    error = account.refusal("POST", "/v1/subscriptions", **wanted)
    assert (error["status"], error.get("param")) == (status, param)


def test_payment_methods_are_saved_and_taken_away(account, plan, customer):
    method = save(account, customer)
    made = create(account, customer, plan, default_payment_method=method)
    other = account.post("/v1/customers")["id"]
    refused = account.refusal("POST", f"/v1/payment_methods/{method}/attach", customer=other)
    assert (refused["status"], refused["param"]) == (400, "payment_method")
    refused = account.refusal("POST", "/v1/payment_methods/pm_card_visa_chargeDeclined/attach", customer=other)
    assert (refused["status"], refused["code"]) == (402, "card_declined")
    foreign = account.post("/v1/payment_methods/pm_card_amex/attach", customer=other)["id"]
    path = f"/v1/subscriptions/{made['id']}"
    assert account.refusal("POST", path, default_payment_method=foreign)["param"] == "default_payment_method"

    account.post(f"/v1/payment_methods/{method}/detach")

    assert account.get(path)["default_payment_method"] is None
    assert account.get(f"/v1/customers/{customer}")["invoice_settings"]["default_payment_method"] is None
    assert account.get("/v1/payment_methods", customer=customer)["data"] == []
    assert account.refusal("POST", f"/v1/payment_methods/{method}/detach")["status"] == 400
