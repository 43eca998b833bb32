"""Subscription mode, and time that a test clock moves."""

import time

import pytest

DAY = 86_400


def test_a_subscription_starts_with_its_first_invoice_paid(shop, stand_in, inbox):
    session = shop.session(
        shop.price(1200, interval="month"), "subscription", subscription_data={"metadata": {"a": "b"}}
    )
    shop.pay(session)

    done = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (done.payment_status, done.payment_intent, done.subscription.status) == ("paid", None, "active")
    assert done.subscription.metadata["a"] == "b"
    item = done.subscription["items"].data[0]
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY
    assert "current_period_end" not in done.subscription.to_dict()
    invoice = stand_in.v1.invoices.retrieve(done.invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 1200, "subscription_create")
    assert invoice.parent.subscription_details.subscription == done.subscription.id
    assert invoice.payments.data[0].payment.payment_intent.status == "succeeded"
    line = invoice.lines.data[0]
    assert line.parent.subscription_item_details.proration is False
    assert line.period.end == item.current_period_end
    assert not {"subscription", "charge", "paid", "payment_intent"} & invoice.to_dict().keys()
    payment = invoice.payments.data[0]
    intent = payment.payment.payment_intent
    inbox.verified_all(
        {
            ("checkout.session.completed", session.id),
            ("customer.subscription.created", done.subscription.id),
            ("customer.subscription.updated", done.subscription.id),
            ("invoice.created", invoice.id),
            ("invoice.finalized", invoice.id),
            ("invoice.paid", invoice.id),
            ("invoice.payment_succeeded", invoice.id),
            ("invoice_payment.paid", payment.id),
            ("payment_intent.succeeded", intent.id),
            ("charge.succeeded", intent.latest_charge),
        }
    )


def subscribed(shop, stand_in, number: str = "4242424242424242", **data):
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": now(stand_in)})
    customer = shop.customer(test_clock=clock.id)
    session = shop.session(
        shop.price(1200, interval="month"), "subscription", customer=customer.id, subscription_data=data
    )
    shop.pay(session, number)
    return clock, stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription


def now(stand_in) -> int:
    return stand_in.http.get("/_control/clock").json()["now"]


def advance(stand_in, clock, until: int) -> None:
    answer = stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": until})
    assert answer.status == "advancing"
    assert stand_in.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"


def test_a_renewal_moves_the_period_before_it_is_paid(shop, stand_in):
    clock, subscription = subscribed(shop, stand_in)
    end = subscription["items"].data[0].current_period_end

    advance(stand_in, clock, end + 60)

    moved = stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert moved["items"].data[0].current_period_start == end
    assert (moved.latest_invoice.status, moved.latest_invoice.billing_reason) == ("draft", "subscription_cycle")
    ahead = stand_in.http.get("/_control/clock").json()["offsetSeconds"]
    assert time.time() + ahead >= end + 60 - 1

    advance(stand_in, clock, end + 3700)
    paid = stand_in.v1.invoices.retrieve(moved.latest_invoice.id)
    assert (paid.status, paid.status_transitions.paid_at) == ("paid", end + 3600)
    assert len(stand_in.v1.invoices.list({"subscription": subscription.id}).data) == 2


def test_a_refused_renewal_is_past_due_then_ends(shop, stand_in):
    clock, subscription = subscribed(shop, stand_in, "4242424242424242")
    end = subscription["items"].data[0].current_period_end
    stand_in.control("break_card", subscription=subscription.id)

    advance(stand_in, clock, end + 3700)
    late = stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (late.status, late.latest_invoice.status, late.latest_invoice.attempt_count) == ("past_due", "open", 1)
    assert late.latest_invoice.next_payment_attempt == end + 3600 + 3 * DAY

    advance(stand_in, clock, end + 20 * DAY)
    over = stand_in.v1.subscriptions.retrieve(subscription.id)
    assert (over.status, over.cancellation_details.reason) == ("canceled", "payment_failed")


def test_a_trial_pays_nothing_then_renews(shop, stand_in):
    clock, subscription = subscribed(shop, stand_in, trial_period_days=14)
    assert (subscription.status, subscription.trial_end - subscription.trial_start) == ("trialing", 14 * DAY)
    first = stand_in.v1.invoices.retrieve(subscription.latest_invoice)
    assert (first.status, first.total) == ("paid", 0)

    advance(stand_in, clock, subscription.trial_end + 3700)

    after = stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (after.status, after.latest_invoice.status, after.latest_invoice.total) == ("active", "paid", 1200)


def test_cancel_at_period_end_and_at_once(shop, stand_in):
    clock, subscription = subscribed(shop, stand_in)
    kept = stand_in.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    end = kept["items"].data[0].current_period_end
    assert (kept.status, kept.cancel_at_period_end, kept.cancel_at) == ("active", True, end)
    advance(stand_in, clock, end + 60)
    assert stand_in.v1.subscriptions.retrieve(subscription.id).status == "canceled"

    _, second = subscribed(shop, stand_in)
    assert stand_in.v1.subscriptions.cancel(second.id).status == "canceled"
    assert stand_in.v1.subscriptions.list({"customer": second.customer}).data == []
    assert len(stand_in.v1.subscriptions.list({"customer": second.customer, "status": "all"}).data) == 1


def test_a_session_expires_when_its_time_has_come(shop, stand_in, inbox):
    session = shop.session(expires_at=now(stand_in) + 1900)
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": now(stand_in)})
    stand_in.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": session.expires_at + 1})
    inbox.verified_until("checkout.session.expired", session.id)
    assert stand_in.v1.checkout.sessions.retrieve(session.id).url is None


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995"])
def test_a_refused_first_payment_starts_nothing(shop, stand_in, number):
    session = shop.session(shop.price(1200, interval="month"), "subscription")
    assert shop.pay(session, number).status_code == 402
    assert stand_in.v1.subscriptions.list({"customer": session.customer, "status": "all"}).data == []
