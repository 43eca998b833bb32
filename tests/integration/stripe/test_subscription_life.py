"""Subscriptions without a checkout, through the official SDK: made, paused, resumed, their invoices acted on."""

import pytest
import stripe

DAY = 86_400


@pytest.fixture
def customer(shop, stand_in):
    """A customer on a test clock; the clock and the customer."""
    now = stand_in.http.get("/_control/clock").json()["now"]
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": now})
    return clock, shop.customer(test_clock=clock.id)


def save(stand_in, customer, card: str) -> str:
    method = stand_in.v1.payment_methods.attach(card, {"customer": customer.id})
    stand_in.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    return method.id


def test_a_script_makes_one_and_pauses_it(shop, stand_in, inbox, customer):
    clock, owner = customer
    price = shop.price(1000, interval="month")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.v1.subscriptions.create({"customer": owner.id, "items": [{"price": price.id}]})
    assert "no attached payment source or default payment method" in str(refused.value)
    method = save(stand_in, owner, "pm_card_visa")
    made = stand_in.v1.subscriptions.create(
        {"customer": owner.id, "items": [{"price": price.id}], "expand": ["latest_invoice"]}
    )
    assert (made.status, made.latest_invoice.status) == ("active", "paid")
    assert [each.id for each in stand_in.v1.customers.payment_methods.list(owner.id).data] == [method]

    paused = stand_in.v1.subscriptions.pause(made.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 40 * DAY})
    assert len(stand_in.v1.invoices.list({"subscription": made.id}).data) == 1
    resumed = stand_in.v1.subscriptions.resume(made.id, {"payment_behavior": "resume_on_payment_success"})
    assert (resumed.status, resumed["items"].data[0].current_period_start) == ("active", clock.frozen_time + 40 * DAY)
    inbox.verified_all({("customer.subscription.paused", made.id), ("customer.subscription.resumed", made.id)})


def test_an_incomplete_one_is_paid_by_its_invoice(shop, stand_in, customer):
    _, owner = customer
    save(stand_in, owner, "pm_card_chargeCustomerFail")
    price = shop.price(1000, interval="month")
    made = stand_in.v1.subscriptions.create(
        {"customer": owner.id, "items": [{"price": price.id}], "payment_behavior": "allow_incomplete"}
    )
    assert made.status == "incomplete"
    with pytest.raises(stripe.CardError) as declined:
        stand_in.v1.invoices.pay(made.latest_invoice)
    assert declined.value.code == "card_declined"
    other = stand_in.v1.payment_methods.attach("pm_card_mastercard", {"customer": owner.id})
    assert stand_in.v1.invoices.pay(made.latest_invoice, {"payment_method": other.id}).status == "paid"
    assert stand_in.v1.subscriptions.retrieve(made.id).status == "active"


def test_an_announced_renewal_is_written_off(shop, stand_in, inbox, customer):
    clock, owner = customer
    save(stand_in, owner, "pm_card_chargeCustomerFail")
    trial = stand_in.v1.subscriptions.create(
        {"customer": owner.id, "items": [{"price": shop.price(1000, interval="month").id}], "trial_period_days": 10}
    )
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": trial.trial_end + 3700})
    invoice = stand_in.v1.invoices.retrieve(stand_in.v1.subscriptions.retrieve(trial.id).latest_invoice)
    assert (invoice.status, stand_in.v1.subscriptions.retrieve(trial.id).status) == ("open", "past_due")
    written_off = stand_in.v1.invoices.mark_uncollectible(invoice.id)
    assert written_off.status == "uncollectible"
    assert stand_in.v1.invoices.void_invoice(invoice.id).status == "void"
    inbox.verified_all(
        {
            ("customer.subscription.trial_will_end", trial.id),
            ("invoice.upcoming", ""),
            ("invoice.marked_uncollectible", invoice.id),
            ("invoice.voided", invoice.id),
        }
    )
