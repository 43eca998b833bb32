"""A one-time purchase, by the official SDK and the hosted page's form."""

import json
import time

import pytest


def test_a_paid_checkout_is_true_everywhere(shop, stand_in):
    price = shop.price(500)
    session = shop.session(price, client_reference_id="ord_1", payment_intent_data={"metadata": {"order_id": "ord_1"}})
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    answer = shop.pay(session)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://127.0.0.1:1/thanks?session_id={session.id}"
    paid = stand_in.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items.data.price.product", "payment_intent.latest_charge.balance_transaction"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.line_items.data[0].price.product.name == "500 credits"
    charge = paid.payment_intent.latest_charge
    assert (charge.status, charge.amount, charge.payment_method_details.card.last4) == ("succeeded", 500, "4242")
    assert charge.balance_transaction.net == 455
    assert paid.payment_intent.metadata["order_id"] == "ord_1"
    assert "invoice" not in charge.to_dict()
    lines = stand_in.v1.checkout.sessions.line_items.list(session.id)
    assert [line.price.id for line in lines.data] == [price.id]


def test_the_burst_of_events_is_signed_and_whole(shop, stand_in, inbox):
    session = shop.session()

    shop.pay(session)

    seen = inbox.verified_until("checkout.session.completed", session.id)
    about_money = sorted(event.type for event in seen if event.type.startswith(("charge", "payment", "checkout")))
    assert about_money == [
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    completed = next(event for event in seen if event.type == "checkout.session.completed")
    assert completed.api_version == "2026-10-28.endive"
    assert completed.data.object["payment_status"] == "paid"
    kept = stand_in.v1.events.retrieve(completed.id)
    assert kept.data.object["id"] == session.id


@pytest.mark.parametrize(
    ("number", "message", "decline_code"),
    [
        ("4000000000000002", "Your card was declined.", "generic_decline"),
        ("4000000000009995", "Your card has insufficient funds.", "insufficient_funds"),
    ],
)
def test_a_refused_card_leaves_the_session_open(shop, stand_in, number, message, decline_code):
    session = shop.session()

    answer = shop.pay(session, number)

    assert answer.status_code == 402
    assert message in answer.text
    after = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_intent.status) == ("open", "requires_payment_method")
    assert after.payment_intent.last_payment_error.decline_code == decline_code
    assert shop.pay(session).status_code == 303, "the buyer may try another card"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"card_number": "4242424242424241"}, "Your card number is invalid."),
        ({"card_number": ""}, "Your card number is incomplete."),
        ({"expiry": "12/20"}, "expiration year is in the past"),
        ({"expiry": "13/34"}, "expiration date is invalid"),
        ({"cvc": "1"}, "security code is incomplete"),
        ({"name": ""}, "Your name is incomplete."),
        ({"email": "nobody"}, "Your email is invalid."),
        ({"payment_method": "sepa_debit"}, "Choose a payment method."),
    ],
)
def test_the_page_says_what_is_wrong_with_the_form(shop, stand_in, typed, message):
    session = shop.session()

    answer = shop.pay(session, **typed)

    assert (answer.status_code, message in answer.text.replace("&#39;", "'")) == (422, True)
    assert stand_in.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_three_d_secure_completed_and_failed(shop, stand_in):
    session = shop.session()
    asked = shop.pay(session, "4000002500003155")
    assert asked.headers["location"] == f"/c/pay/{session.id}/authenticate"
    assert "Complete authentication" in stand_in.http.get(asked.headers["location"]).text

    failed = stand_in.http.post(asked.headers["location"], data={"outcome": "fail"})
    assert "unable to authenticate" in failed.text
    assert 'value="Ada Buyer"' in failed.text, "the typed name stays"
    assert "4000 0025 0000 3155" in failed.text, "the card that the README names is in the page's list"
    assert stand_in.v1.checkout.sessions.retrieve(session.id).status == "open"

    again = shop.pay(session, "4000000000003220")
    done = stand_in.http.post(again.headers["location"], data={"outcome": "complete"})
    assert done.status_code == 303
    paid = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    card = paid.payment_intent.latest_charge.payment_method_details.card
    assert (paid.payment_status, card.three_d_secure.result) == ("paid", "authenticated")


def test_the_page_of_a_session_that_is_over(shop, stand_in):
    done = shop.session()
    shop.pay(done)
    assert "already completed" in stand_in.http.get(f"/c/pay/{done.id}").text.replace("&#39;", "'")
    gone = shop.session()
    stand_in.v1.checkout.sessions.expire(gone.id)
    page = stand_in.http.get(f"/c/pay/{gone.id}").text
    assert "has expired" in page
    assert "http://127.0.0.1:1/canceled" in page
    assert shop.pay(gone).status_code == 200
    assert stand_in.v1.checkout.sessions.retrieve(gone.id).status == "expired"
    assert stand_in.http.get("/c/pay/cs_test_nothing").status_code == 404


def test_the_buyer_waits_for_the_answer_to_the_completed_event(shop, stand_in, inbox):
    session = shop.session()
    inbox.verified_until("customer.created", session.customer)
    inbox.pause = 0.4

    begun = time.monotonic()
    shop.pay(session)

    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    ("iban", "settled", "event"),
    [
        ("AT611904300234573201", "paid", "checkout.session.async_payment_succeeded"),
        ("AT861904300235473202", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
def test_a_sepa_debit_settles_later(shop, stand_in, inbox, iban, settled, event):
    session = shop.session(shop.price(700, "eur"))
    assert session.payment_method_types == ["card", "sepa_debit"]

    answer = shop.pay(session, payment_method="sepa_debit", iban=iban)

    assert answer.status_code == 303
    now = stand_in.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (now.status, now.payment_status, now.payment_intent.status) == ("complete", "unpaid", "processing")
    stand_in.control("async_payment", session=session.id, outcome="succeeded" if settled == "paid" else "failed")
    inbox.verified_until(event, session.id)
    assert stand_in.v1.checkout.sessions.retrieve(session.id).payment_status == settled


def test_a_sepa_debit_settles_by_itself(shop, stand_in, inbox):
    session = shop.session(shop.price(700, "eur"))
    shop.pay(session, payment_method="sepa_debit", iban="AT611904300234573201")
    inbox.verified_until("checkout.session.async_payment_succeeded", session.id)


def test_the_card_that_is_disputed_later(shop, stand_in, inbox):
    session = shop.session()
    shop.pay(session, "4000000000000259")
    intent = stand_in.v1.checkout.sessions.retrieve(session.id).payment_intent
    found = stand_in.until(lambda: stand_in.v1.disputes.list({"payment_intent": intent}).data)
    assert (found[0].status, found[0].amount, found[0].balance_transactions[0].fee) == ("needs_response", 500, 1500)


def test_the_bytes_of_an_event_are_what_is_stored(shop, stand_in, inbox):
    session = shop.session()
    shop.pay(session)
    received = inbox.raw["checkout.session.completed", session.id]
    again = json.loads(received.body)
    stored = stand_in.v1.events.retrieve(again["id"]).to_dict()
    assert again["data"] == stored["data"]
