"""A one-time purchase, by the official SDK and the hosted page's form."""

import json

import stripe

from tests.integration.stripe.conftest import SECRET


def test_a_paid_checkout_is_true_everywhere(shop, stand_in, inbox):
    session = shop.session(client_reference_id="ord_1", payment_intent_data={"metadata": {"order_id": "ord_1"}})
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    answer = shop.pay(session)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://127.0.0.1:1/thanks?session_id={session.id}"
    paid = stand_in.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "payment_intent.latest_charge.balance_transaction"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.line_items.data[0].price.id == session_price(shop, paid)
    charge = paid.payment_intent.latest_charge
    assert (charge.status, charge.amount, charge.payment_method_details.card.last4) == ("succeeded", 500, "4242")
    assert charge.balance_transaction.net == 455
    assert paid.payment_intent.metadata["order_id"] == "ord_1"


def session_price(shop, session):
    return shop.v1.checkout.sessions.line_items.list(session.id).data[0].price.id


def test_the_burst_of_events_is_signed_and_whole(shop, stand_in, inbox):
    session = shop.session()
    inbox.clear()

    shop.pay(session)

    seen = []
    while "checkout.session.completed" not in [event.type for event in seen] or len(seen) < 5:
        received = inbox.next()
        seen.append(stripe.Webhook.construct_event(received.body, received.signature, SECRET))
        assert json.loads(received.body)["api_version"] == "2026-10-28.endive"
    assert sorted(event.type for event in seen) == [
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    completed = next(event for event in seen if event.type == "checkout.session.completed")
    assert completed.data.object["id"] == session.id
    assert completed.data.object["payment_status"] == "paid"
