"""What a dashboard does with subscriptions, customers and settings, through the control API."""

import pytest

DAY = 86_400


@pytest.fixture
def begun(shop, stand_in):
    """A paid subscription to 10.00 a month on a test clock."""
    now = stand_in.http.get("/_control/clock").json()["now"]
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": now})
    customer = shop.customer(test_clock=clock.id)
    session = shop.session(shop.price(1000, interval="month"), "subscription", customer=customer.id)
    shop.pay(session)
    return clock, stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription


def refusal(stand_in, deed: str, **given) -> tuple[int, str]:
    answer = stand_in.http.post(f"/_control/{deed}", json=given)
    return answer.status_code, answer.json()["error"]["message"]


def test_a_plan_is_changed(shop, stand_in, inbox, begun):
    _, subscription = begun
    price = shop.price(4000, interval="month")
    changed = stand_in.control(
        "change_plan", subscription=subscription.id, price=price.id, quantity=2, proration_behavior="always_invoice"
    )
    assert (changed["items"]["data"][0]["price"]["id"], changed["items"]["data"][0]["quantity"]) == (price.id, 2)
    inbox.verified_all(
        {("customer.subscription.updated", subscription.id), ("invoice.paid", changed["latest_invoice"])}
    )
    status, message = refusal(stand_in, "change_plan", subscription=subscription.id, price="price_none")
    assert (status, message) == (400, "No such price: 'price_none'")


def test_a_pause_and_a_resumption(stand_in, inbox, begun):
    _, subscription = begun
    assert stand_in.control("pause_subscription", subscription=subscription.id)["status"] == "paused"
    assert stand_in.control("resume_subscription", subscription=subscription.id)["status"] == "active"
    inbox.verified_all(
        {("customer.subscription.paused", subscription.id), ("customer.subscription.resumed", subscription.id)}
    )
    stopped = stand_in.control("pause_subscription", subscription=subscription.id, collection="keep_as_draft")
    assert (stopped["status"], stopped["pause_collection"]["behavior"]) == ("active", "keep_as_draft")
    assert stand_in.control("resume_subscription", subscription=subscription.id)["pause_collection"] is None


def test_a_cancellation_with_and_without_proration(stand_in, begun):
    clock, subscription = begun
    half = (subscription["items"].data[0].current_period_start + subscription["items"].data[0].current_period_end) // 2
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": half})
    ended = stand_in.control("cancel_subscription", subscription=subscription.id, prorate=True, invoice_now=True)
    assert ended["status"] == "canceled"
    assert stand_in.v1.customers.retrieve(subscription.customer).balance == -500
    assert refusal(stand_in, "cancel_subscription", subscription=subscription.id)[0] == 400


def test_a_second_subscription_and_the_end_of_the_customer(shop, stand_in, inbox, begun):
    _, subscription = begun
    second = stand_in.control(
        "create_subscription", customer=subscription.customer, price=shop.price(700, interval="month").id
    )
    assert (second["status"], second["customer"]) == ("active", subscription.customer)
    assert len(stand_in.v1.subscriptions.list({"customer": subscription.customer}).data) == 2
    assert stand_in.control("delete_customer", customer=subscription.customer)["deleted"]
    inbox.verified_all({("customer.deleted", subscription.customer), ("customer.subscription.deleted", second["id"])})


def test_what_follows_the_last_try_is_a_setting(stand_in, begun):
    clock, subscription = begun
    assert stand_in.control("account_settings", after_last_retry="unpaid") == {"after_last_retry": "unpaid"}
    stand_in.control("break_card", subscription=subscription.id)
    end = subscription["items"].data[0].current_period_end
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": end + 20 * DAY})
    try:
        owing = stand_in.v1.subscriptions.retrieve(subscription.id)
        assert owing.status == "unpaid"
        stand_in.control("break_card", subscription=subscription.id, mend=True)
        stand_in.v1.invoices.pay(owing.latest_invoice)
        assert stand_in.v1.subscriptions.retrieve(subscription.id).status == "active"
    finally:
        assert stand_in.control("account_settings", after_last_retry="cancel") == {"after_last_retry": "cancel"}
    assert refusal(stand_in, "account_settings", after_last_retry="forgive")[0] == 400
