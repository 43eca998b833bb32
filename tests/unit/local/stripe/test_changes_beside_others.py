"""Changes of a subscription beside what else may be on: a refusal halfway, discounts, tax, other intervals, an end."""

import pytest

from local.stripe.engine.subscriptions import portal_sessions
from tests.unit.local.stripe.subscribed import Subscribed, day, lines


@pytest.fixture
def subscribed(account) -> Subscribed:
    return Subscribed(account)


def test_all_of_an_update_happens_or_nothing(account, subscribed):
    other = account.post("/v1/payment_methods/pm_card_amex/attach", customer=subscribed.now()["customer"])["id"]
    before, begun = subscribed.now(), len(account.events())
    error = account.refusal(
        "POST",
        f"/v1/subscriptions/{subscribed.id}",
        items=[{"price": "price_none"}],
        default_payment_method=other,
        cancel_at_period_end=True,
        description="Big",
        pause_collection={"behavior": "void"},
    )
    assert error["code"] == "resource_missing"
    assert (subscribed.now(), len(account.events())) == (before, begun)


def test_the_new_card_of_an_update_pays_for_it(account, subscribed):
    subscribed.break_card()
    other = account.post("/v1/payment_methods/pm_card_amex/attach", customer=subscribed.now()["customer"])["id"]
    subscribed.at(day(4, 16))
    subscribed.switch(subscribed.price(3000), default_payment_method=other, proration_behavior="always_invoice")
    assert (subscribed.latest()["status"], subscribed.now()["default_payment_method"]) == ("paid", other)


def test_a_trial_that_is_ended_at_once_says_so_only_then(account):
    trial = Subscribed(account, subscription_data={"trial_period_days": 10})
    trial.break_card()
    path = f"/v1/subscriptions/{trial.id}"
    refused = account.refusal("POST", path, trial_end="now", payment_behavior="error_if_incomplete")
    assert (refused["status"], trial.now()["status"]) == (402, "trialing")
    assert "customer.subscription.trial_will_end" not in account.events()
    trial.mend_card()
    trial.update(trial_end="now")
    assert account.events()[-1] == "customer.subscription.trial_will_end"


def test_discounts_are_in_the_amounts_of_prorations(account):
    """20 % off: 8.00 were paid, so 4.00 come back; half of 16.00 is charged, and the renewal costs 16.00."""
    coupon = account.post("/v1/coupons", percent_off=20, duration="forever")["id"]
    subscribed = Subscribed(account, discounts=[{"coupon": coupon}])
    subscribed.at(day(4, 16))
    price = subscribed.price(2000)
    items = [{"id": subscribed.item, "price": price}]
    shown = subscribed.preview(items=items, proration_behavior="always_invoice")
    subscribed.update(items=items, proration_behavior="always_invoice")
    billed = subscribed.latest()
    assert [amount for _, amount in lines(billed)] == [-400, 800]
    assert billed["total"] == shown["total"] == 400
    subscribed.at(day(5, 1, 2))
    assert subscribed.latest()["total"] == 1600


def test_items_of_different_intervals_renew_by_themselves(account, subscribed):
    added = account.post(
        "/v1/subscription_items",
        subscription=subscribed.id,
        price=subscribed.price(12_000, "year"),
        proration_behavior="none",
    )
    year_later = day(4, 1) + 365 * 86_400
    assert added["current_period_end"] == year_later
    subscribed.at(day(5, 1, 2))
    assert lines(subscribed.latest()) == [("1 × 500 credits", 1000)]
    kept = next(item for item in subscribed.now()["items"]["data"] if item["id"] == added["id"])
    assert kept["current_period_end"] == year_later
    assert subscribed.preview()["total"] == 1000


def test_the_end_of_a_subscription_ends_what_waits(account, subscribed):
    subscribed.at(day(4, 16))
    subscribed.break_card()
    items = [{"id": subscribed.item, "price": subscribed.price(3000)}]
    waiting = subscribed.update(
        items=items, proration_behavior="always_invoice", payment_behavior="pending_if_incomplete"
    )
    account.ask("DELETE", f"/v1/subscriptions/{subscribed.id}")
    assert subscribed.now()["pending_update"] is None
    subscribed.mend_card()
    account.post(f"/v1/invoices/{waiting['latest_invoice']}/pay")
    assert (subscribed.now()["status"], subscribed.now()["items"]["data"][0]["price"]["unit_amount"]) == (
        "canceled",
        1000,
    )
    subscribed.at(day(4, 18))
    assert "customer.subscription.pending_update_expired" not in account.events()


def test_nothing_is_collected_from_a_deleted_customer(account, subscribed):
    configuration = account.post("/v1/billing_portal/configurations", features={"invoice_history": {"enabled": True}})
    customer = subscribed.now()["customer"]
    session = account.post("/v1/billing_portal/sessions", customer=customer, configuration=configuration["id"])
    subscribed.at(day(5, 1))
    draft = subscribed.latest()["id"]
    account.ask("DELETE", f"/v1/customers/{customer}")
    subscribed.at(day(5, 30))
    assert account.get(f"/v1/invoices/{draft}")["status"] == "draft"
    for deed in ("finalize", "pay"):
        assert account.refusal("POST", f"/v1/invoices/{draft}/{deed}")["code"] == "invoice_not_editable"
    assert portal_sessions.visit(account.world, session["url"].rpartition("/")[2]) is None


def test_an_open_invoice_of_a_deleted_customer_can_be_voided(account, subscribed):
    subscribed.break_card()
    subscribed.at(day(5, 2))
    account.ask("DELETE", f"/v1/customers/{subscribed.now()['customer']}")
    assert account.post(f"/v1/invoices/{subscribed.latest()['id']}/void")["status"] == "void"


def test_a_void_invoice_returns_what_it_took_of_the_balance(account, subscribed):
    """4.00 of credit; the renewal of 2.00 uses half of it, and a second subscription's renewal is voided."""
    account.post(f"/v1/customers/{subscribed.now()['customer']}", balance=-400)
    subscribed.break_card()
    subscribed.at(day(5, 2))
    invoice = subscribed.latest()
    assert (invoice["starting_balance"], invoice["amount_due"], invoice["status"]) == (-400, 600, "open")
    customer = f"/v1/customers/{invoice['customer']}"
    assert account.get(customer)["balance"] == 0
    account.post(f"/v1/invoices/{invoice['id']}/void")
    assert account.get(customer)["balance"] == -400


def test_a_clock_follows_the_shortest_interval(account):
    clock = account.post("/v1/test_helpers/test_clocks", frozen_time=day(4, 1))
    account.time = float(day(4, 1))
    customer = account.post("/v1/customers", test_clock=clock["id"])["id"]
    method = account.post("/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    prices = [account.price(900, recurring={"interval": interval})["id"] for interval in ("year", "month")]
    items = [{"price": price} for price in prices]
    account.post("/v1/subscriptions", customer=customer, items=items, default_payment_method=method)
    path = f"/v1/test_helpers/test_clocks/{clock['id']}/advance"
    assert account.refusal("POST", path, frozen_time=day(9, 1))["code"] == "test_clock_advance_too_far"
