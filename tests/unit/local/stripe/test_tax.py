"""Automatic tax by the made-up table: on top or within, who pays none, and what needs an address."""

import pytest

from local.stripe.engine.catalog import tax_ids

MONTH = {"interval": "month"}
SESSIONS = "/v1/checkout/sessions"
GERMANY, OHIO = {"country": "DE"}, {"country": "US", "postal_code": "43004"}
VAT = {"type": "eu_vat", "value": "DE123456789"}


def taxed(account, price, **more):
    return account.session(price, automatic_tax={"enabled": True}, **more)


@pytest.mark.parametrize(
    ("currency", "behavior", "address", "tax", "total"),
    [
        ("usd", "unspecified", OHIO, 83, 1083),  # 8.25 % of 1000, half up
        ("usd", "inclusive", OHIO, 76, 1000),
        ("eur", "unspecified", GERMANY, 160, 1000),
        ("eur", "exclusive", GERMANY, 190, 1190),
        ("eur", "exclusive", {"country": "NO"}, 0, 1000),
    ],
)
def test_tax_is_on_top_or_within(account, currency, behavior, address, tax, total):
    """Unspecified is inclusive, except for US and Canadian dollars: `inferred_by_currency` of Stripe's settings."""
    session = taxed(account, account.price(1000, currency, tax_behavior=behavior))
    assert session["automatic_tax"] == {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        "status": "requires_location_inputs",
    }
    account.pay(session, address=address)
    done = account.get(
        f"{SESSIONS}/{session['id']}", expand=["line_items.data.taxes", "total_details.breakdown", "payment_intent"]
    )
    assert done["automatic_tax"]["status"] == "complete"
    assert (done["amount_total"], done["total_details"]["amount_tax"]) == (total, tax)
    assert done["payment_intent"]["amount"] == total
    line = done["line_items"]["data"][0]
    assert (line["amount_tax"], line["taxes"][0]["amount"]) == (tax, tax)
    rate = done["total_details"]["breakdown"]["taxes"][0]["rate"]
    assert account.get("/v1/tax_rates/" + rate["id"])["country"] == address["country"]
    assert done["customer_details"]["address"]["country"] == address["country"]


def test_a_discount_comes_before_the_tax(account):
    coupon = account.post("/v1/coupons", percent_off=50)
    session = taxed(account, account.price(1000), discounts=[{"coupon": coupon["id"]}])
    account.pay(session, address=OHIO)
    done = account.get(f"{SESSIONS}/{session['id']}")
    assert (done["amount_subtotal"], done["amount_total"]) == (1000, 541)


def test_the_invoices_of_a_subscription_are_taxed(account):
    session = taxed(account, account.price(1000, "eur", recurring=MONTH, tax_behavior="exclusive"))
    account.pay(session, address=GERMANY)
    subscription = account.world.all("subscription")[0]
    assert subscription["automatic_tax"]["enabled"] is True
    account.time = float(subscription["items"]["data"][0]["current_period_end"] + 3600)
    account.engine.tick()
    for invoice in account.world.all("invoice"):
        assert (invoice["subtotal"], invoice["total"], invoice["total_excluding_tax"]) == (1000, 1190, 1000)
        assert (invoice["amount_paid"], invoice["automatic_tax"]["status"]) == (1190, "complete")
        found = invoice["total_taxes"][0]
        assert (found["amount"], found["taxable_amount"], found["tax_behavior"]) == (190, 1000, "exclusive")
        assert invoice["lines"]["data"][0]["taxes"] == invoice["total_taxes"]
    intents = account.world.all("payment_intent")
    assert [intent["amount"] for intent in intents] == [1190, 1190]


def test_what_is_paid_is_what_the_invoice_says_to_the_cent(account):
    """The lines are rounded in the order of the invoice, recurring ones first, whatever the order in the session."""
    coupon = account.post("/v1/coupons", amount_off=55, currency="eur")
    given = {"currency": "eur", "tax_behavior": "exclusive"}
    once = account.price(100, **given)
    plans = [account.price(amount, recurring=MONTH, **given) for amount in (107, 112)]
    items = [{"price": price["id"], "quantity": 1} for price in (once, *plans)]
    session = taxed(account, plans[0], line_items=items, discounts=[{"coupon": coupon["id"]}])
    account.pay(session, address=GERMANY)
    invoice, done = account.world.all("invoice")[0], account.get(f"{SESSIONS}/{session['id']}")
    assert invoice["total"] == done["amount_total"] == account.world.all("charge")[0]["amount"] == 314


@pytest.mark.parametrize(
    ("exempt", "ids", "reason"),
    [("none", [VAT], "reverse_charge"), ("exempt", [], "customer_exempt"), ("reverse", [], "reverse_charge")],
)
def test_an_exempt_customer_pays_no_tax(account, exempt, ids, reason):
    customer = account.post("/v1/customers", tax_exempt=exempt, email="a@b.c")
    updates = {"address": "auto", "name": "auto"}
    price = account.price(1000, "eur", recurring=MONTH, tax_behavior="exclusive")
    session = taxed(account, price, customer=customer["id"], customer_update=updates)
    account.pay(session, address=GERMANY, tax_ids=ids, business_name="Ada GmbH")
    invoice = account.world.all("invoice")[0]
    assert (invoice["total"], invoice["total_taxes"][0]["taxability_reason"]) == (1000, reason)
    assert invoice["customer_tax_ids"] == ids
    assert account.get(f"{SESSIONS}/{session['id']}")["customer_details"]["tax_ids"] == ids
    after = account.get("/v1/customers/" + customer["id"], expand=["tax_ids"])
    assert (after["name"], after["address"]["country"]) == ("Ada GmbH", "DE")
    assert [each["value"] for each in after["tax_ids"]["data"]] == [each["value"] for each in ids]


def test_an_existing_customer_needs_an_address_or_leave_to_save_one(account):
    customer = account.post("/v1/customers", email="a@b.c")["id"]
    given = {
        "line_items": [{"price": account.price(1000)["id"], "quantity": 1}],
        "success_url": "http://a.test",
        "customer": customer,
    }
    error = account.refusal("POST", SESSIONS, **given, automatic_tax={"enabled": True})
    assert (error["status"], error["code"]) == (400, "customer_tax_location_invalid")
    error = account.refusal("POST", SESSIONS, **given, tax_id_collection={"enabled": True})
    assert error["message"].startswith("Tax ID collection requires updating business name on the customer.")
    account.post("/v1/customers/" + customer, address=OHIO)
    session = account.post(SESSIONS, **given, automatic_tax={"enabled": True})
    assert (session["automatic_tax"]["status"], session["amount_total"]) == ("complete", 1083)
    account.pay(session, address=GERMANY)
    assert account.world.all("charge")[0]["amount"] == 1083, "the customer's address counts, not the typed one"
    assert account.get("/v1/customers/" + customer)["address"]["country"] == "US"


def test_customer_update_needs_a_customer(account):
    error = account.refusal(
        "POST",
        SESSIONS,
        line_items=[{"price": account.price()["id"], "quantity": 1}],
        success_url="http://a.test",
        customer_update={"address": "auto"},
    )
    assert (error["param"], error["message"]) == (
        "customer_update",
        "`customer_update` can only be used with `customer`.",
    )


def test_tax_ids_have_a_form():
    assert tax_ids.read("DE", " de123456789 ") == VAT
    assert tax_ids.read("DE", "AT123456789") is None
    assert tax_ids.read("NO", "123") is None
    for country, (kind, _, example) in tax_ids.KINDS.items():
        assert tax_ids.read(country, example) == {"type": kind, "value": example}
