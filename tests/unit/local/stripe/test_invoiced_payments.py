"""Invoices and receipts of one-time payments."""

from local.stripe.engine.buyers import instruments

SESSIONS = "/v1/checkout/sessions"
INVOICED = {"enabled": True, "invoice_data": {"description": "Credits", "footer": "Bye", "metadata": {"a": "b"}}}


def test_a_paid_session_has_a_paid_invoice_without_a_parent(account):
    coupon = account.post("/v1/coupons", percent_off=10)["id"]
    session = account.session(
        account.price(1000),
        invoice_creation=INVOICED,
        discounts=[{"coupon": coupon}],
        automatic_tax={"enabled": True},
    )
    assert session["invoice_creation"]["invoice_data"]["footer"] == "Bye"
    account.pay(session, address={"country": "US", "postal_code": "43004"})
    done = account.get(f"{SESSIONS}/{session['id']}", expand=["invoice.payments", "payment_intent"])
    invoice = done["invoice"]
    assert (invoice["billing_reason"], invoice["parent"], invoice["status"]) == ("manual", None, "paid")
    assert (invoice["description"], invoice["footer"], invoice["metadata"]) == ("Credits", "Bye", {"a": "b"})
    assert invoice["total"] == invoice["amount_paid"] == done["amount_total"] == done["payment_intent"]["amount"] == 974
    assert invoice["lines"]["data"][0]["parent"]["type"] == "invoice_item_details"
    assert invoice["payments"]["data"][0]["payment"]["payment_intent"] == done["payment_intent"]["id"]
    assert invoice["customer"] == done["customer"]
    assert done["customer"] is not None, "a guest would have no invoice"
    money = [name for name in account.events() if name.startswith(("invoice", "checkout"))]
    assert money == [
        "invoice.created",
        "invoice.finalized",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    assert "customer.discount.deleted" not in account.events()
    completed = account.world.all("event")[0]
    assert completed["data"]["object"]["invoice"] == invoice["id"]


def test_a_debit_has_its_invoice_when_it_has_settled(account):
    session = account.session(account.price(1000, "eur"), invoice_creation={"enabled": True})
    account.pay(session, "AT611904300234573201")
    assert account.get(f"{SESSIONS}/{session['id']}")["invoice"] is None
    account.time += instruments.SOON
    done = account.get(f"{SESSIONS}/{session['id']}", expand=["invoice"])
    assert (done["payment_status"], done["invoice"]["status"]) == ("paid", "paid")
    assert account.events()[-1] == "checkout.session.async_payment_succeeded"


def test_a_debit_that_settles_after_its_customer_was_deleted_has_no_invoice(account):
    session = account.session(account.price(1000, "eur"), invoice_creation={"enabled": True})
    account.pay(session, "AT611904300234573201")
    customer = account.get(f"{SESSIONS}/{session['id']}")["customer"]
    account.engine.request("DELETE", f"/v1/customers/{customer}")
    account.time += instruments.SOON
    done = account.get(f"{SESSIONS}/{session['id']}")
    assert (done["payment_status"], done["invoice"]) == ("paid", None)


def test_invoices_are_for_payments_that_ask_for_them(account):
    session = account.session(account.price())
    account.pay(session)
    assert account.world.all("invoice") == []
    items = [{"price": account.price(900, recurring={"interval": "month"})["id"], "quantity": 1}]
    error = account.refusal(
        "POST",
        SESSIONS,
        mode="subscription",
        line_items=items,
        success_url="http://a.test",
        invoice_creation={"enabled": True},
    )
    assert error["param"] == "invoice_creation"


def test_a_receipt_has_an_address(account):
    session = account.session(account.price(), payment_intent_data={"receipt_email": "books@example.com"})
    account.pay(session)
    charge = account.world.all("charge")[0]
    assert charge["receipt_email"] == "books@example.com"
    assert charge["receipt_url"].endswith("/receipts/" + charge["id"])


def test_a_code_for_first_time_customers_is_no_good_to_a_guest(account):
    """`customer_creation` in the SDK's parameters: "will return invalid for these Sessions"."""
    coupon = account.post("/v1/coupons", percent_off=10)["id"]
    code = account.post(
        "/v1/promotion_codes",
        promotion={"type": "coupon", "coupon": coupon},
        restrictions={"first_time_transaction": True},
    )
    given = {
        "line_items": [{"price": account.price()["id"], "quantity": 1}],
        "success_url": "http://a.test",
        "discounts": [{"promotion_code": code["id"]}],
    }
    assert "guests" in account.refusal("POST", SESSIONS, **given)["message"]
    assert account.post(SESSIONS, **given, customer_creation="always")["amount_total"] == 450
