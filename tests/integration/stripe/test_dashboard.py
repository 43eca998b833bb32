"""What a dashboard does, through the control API: refunds and disputes."""

import pytest


@pytest.fixture
def intent(shop, stand_in) -> str:
    session = shop.session(shop.price(1000))
    shop.pay(session)
    return stand_in.v1.checkout.sessions.retrieve(session.id).payment_intent


def charge_of(stand_in, intent: str):
    return stand_in.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge.refunds"]}).latest_charge


def test_partial_refunds_add_up(stand_in, inbox, intent):
    first = stand_in.control("refund", payment_intent=intent, amount=300)
    assert (charge_of(stand_in, intent).amount_refunded, charge_of(stand_in, intent).refunded) == (300, False)
    stand_in.v1.refunds.create({"payment_intent": intent})
    charge = charge_of(stand_in, intent)
    assert (charge.amount_refunded, charge.refunded, len(charge.refunds.data)) == (1000, True, 2)
    inbox.verified_until("refund.created", first["id"])
    assert stand_in.http.post("/_control/refund", json={"payment_intent": intent}).status_code == 400


def test_a_pending_refund_fails_and_the_money_returns(stand_in, inbox, intent):
    refund = stand_in.control("refund", payment_intent=intent, status="pending")
    assert refund["status"] == "pending"
    failed = stand_in.control("refund", refund=refund["id"], status="failed")
    assert (failed["status"], charge_of(stand_in, intent).amount_refunded) == ("failed", 0)
    inbox.verified_until("refund.failed", refund["id"])


def test_a_dispute_is_won(stand_in, inbox, intent):
    dispute = stand_in.control("dispute", payment_intent=intent)
    assert (dispute["status"], charge_of(stand_in, intent).disputed) == ("needs_response", True)
    won = stand_in.control("dispute", dispute=dispute["id"], status="won")
    assert [entry["net"] for entry in won["balance_transactions"]] == [-2500, 1000]
    types = {event.type for event in inbox.verified_until("charge.dispute.closed", dispute["id"])}
    assert types >= {
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }


def test_an_inquiry_moves_no_money_until_it_becomes_a_dispute(stand_in, intent):
    inquiry = stand_in.control("dispute", payment_intent=intent, inquiry=True)
    assert (inquiry["status"], inquiry["balance_transactions"]) == ("warning_needs_response", [])
    assert inquiry["is_charge_refundable"]
    grown = stand_in.control("dispute", dispute=inquiry["id"], status="needs_response")
    assert len(grown["balance_transactions"]) == 1
    lost = stand_in.v1.disputes.close(inquiry["id"])
    assert lost.status == "lost"


def test_the_control_api_refuses_what_it_does_not_know(stand_in):
    assert stand_in.http.post("/_control/nothing", json={}).status_code == 404
    assert stand_in.http.post("/_control/refund", json={"chrage": "x"}).status_code == 400
    assert stand_in.http.post("/_control/faults", json={"drop": "many"}).status_code == 400
    assert stand_in.http.post("/_control/faults", content=b"[").status_code == 400
    assert stand_in.http.post("/_control/refund", json={"charge": "ch_none"}).status_code == 404


def test_a_refund_waits_for_its_customer_and_is_canceled(stand_in, inbox, intent):
    refund = stand_in.control("refund", payment_intent=intent, amount=400, status="requires_action")
    assert stand_in.v1.refunds.retrieve(refund["id"]).next_action.type == "display_details"
    canceled = stand_in.v1.refunds.cancel(refund["id"])
    assert (canceled.status, charge_of(stand_in, intent).amount_refunded) == ("canceled", 0)
    inbox.verified_until("refund.updated", refund["id"])
    wrong = stand_in.http.post("/_control/refund", json={"refund": refund["id"], "status": "succeeded"})
    assert wrong.status_code == 400


def test_a_dispute_in_the_currency_of_the_buyers_bank(stand_in, intent):
    refused = stand_in.http.post("/_control/dispute", json={"payment_intent": intent, "currency": "eur"})
    assert refused.status_code == 400
    dispute = stand_in.control("dispute", payment_intent=intent, amount=920, currency="EUR", exchange_rate=1.1)
    shown = stand_in.v1.disputes.retrieve(dispute["id"])
    assert (shown.amount, shown.currency) == (920, "eur")
    entry = shown.balance_transactions[0]
    assert (entry.amount, entry.currency, entry.exchange_rate) == (-1012, "usd", 1.1)
