"""What one session may hold: several lines, in one of the currencies of their prices."""

import pytest

from local.stripe.engine.checkout import hosted_checkout

MONTH = {"interval": "month"}
SESSIONS = "/v1/checkout/sessions"


def lines(*prices):
    return [{"price": price["id"], "quantity": 1} for price in prices]


def ordered(account, *prices, **more):
    return account.session(prices[0], line_items=lines(*prices), **more)


def refused(account, *prices, **more):
    mode = "subscription" if any(price["recurring"] for price in prices) else "payment"
    given = {"mode": mode, "line_items": lines(*prices), "success_url": "http://a.test", **more}
    return account.refusal("POST", SESSIONS, **given)


def test_several_lines_are_paid_at_once(account):
    session = ordered(account, account.price(500), account.price(700))
    assert session["amount_total"] == 1200
    account.pay(session)
    assert [charge["amount"] for charge in account.world.all("charge")] == [1200]


def test_a_subscription_has_several_items_and_bills_one_time_lines_once(account):
    seats, support, setup = account.price(900, recurring=MONTH), account.price(300, recurring=MONTH), account.price(50)
    session = ordered(account, seats, support, setup)
    assert session["amount_total"] == 1250
    account.pay(session)
    subscription = account.world.all("subscription")[0]
    assert [item["price"]["id"] for item in subscription["items"]["data"]] == [seats["id"], support["id"]]
    first = account.world.all("invoice")[0]
    assert [line["parent"]["type"] for line in first["lines"]["data"]] == [
        "subscription_item_details",
        "subscription_item_details",
        "invoice_item_details",
    ]
    account.time = float(subscription["items"]["data"][0]["current_period_end"] + 3600)
    account.engine.tick()
    assert [invoice["total"] for invoice in account.world.all("invoice")] == [1200, 1250]


def test_what_does_not_fit_into_one_session_is_refused(account):
    month, year = account.price(900, recurring=MONTH), account.price(900, recurring={"interval": "year"})
    assert "different billing intervals" in refused(account, month, year)["message"]
    assert "same currency" in refused(account, account.price(), account.price(500, "eur"))["message"]


@pytest.mark.parametrize(("count", "recurring"), [(21, MONTH), (101, None)])
def test_a_session_has_a_most_of_lines(account, count, recurring):
    """The parameter's description in the SDK: 20 recurring and 20 one-time in a subscription, 100 in a payment."""
    price = account.price(900, recurring=recurring) if recurring else account.price(900)
    assert refused(account, *[price] * count)["param"] == "line_items"
    mode = {} if recurring else {"mode": "payment"}
    assert ordered(account, *[price] * (count - 1), **mode)["amount_total"] == 900 * (count - 1)


@pytest.fixture
def multi(account):
    options = {"eur": {"unit_amount": 450}, "jpy": {"unit_amount_decimal": "700"}}
    return account.price(500, currency_options=options)


def test_currency_options_are_shown_on_demand(account, multi):
    path = "/v1/prices/" + multi["id"]
    assert "currency_options" not in multi
    shown = account.get(path, expand=["currency_options"])["currency_options"]
    assert {code: option["unit_amount"] for code, option in shown.items()} == {"usd": 500, "eur": 450, "jpy": 700}
    account.post(path, currency_options={"gbp": {"unit_amount": 400}, "eur": {"tax_behavior": "inclusive"}})
    shown = account.get(path, expand=["currency_options"])["currency_options"]
    assert (shown["gbp"]["unit_amount"], shown["eur"]["unit_amount"]) == (400, 450)
    assert shown["eur"]["tax_behavior"] == "inclusive"
    account.post(path, currency_options="")
    assert list(account.get(path, expand=["currency_options"])["currency_options"]) == ["usd"]


def test_a_refused_option_leaves_no_price_behind(account, multi):
    wrong = {"eur": {"unit_amount": -1}}
    error = account.refusal(
        "POST", "/v1/prices", product=multi["product"], currency="usd", unit_amount=5, currency_options=wrong
    )
    assert error["param"] == "currency_options[eur][unit_amount]"
    assert len(account.world.all("price")) == 1


def test_a_session_chooses_among_the_currencies(account, multi):
    session = account.session(multi, currency="EUR")
    assert (session["currency"], session["amount_total"]) == ("eur", 450)
    assert session["payment_method_types"] == ["card", "sepa_debit"]
    line = account.get(f"{SESSIONS}/{session['id']}/line_items")["data"][0]
    assert (line["currency"], line["amount_total"]) == ("eur", 450)
    assert (line["price"]["currency"], line["price"]["unit_amount"]) == ("usd", 500), "a price shows its default"
    account.pay(session)
    assert [(charge["currency"], charge["amount"]) for charge in account.world.all("charge")] == [("eur", 450)]
    error = refused(account, multi, currency="gbp")
    assert error["message"].startswith("The price specified only supports `usd`.")


def test_a_subscription_stays_in_the_currency_it_was_bought_in(account):
    price = account.price(900, recurring=MONTH, currency_options={"eur": {"unit_amount": 800}})
    customer = account.post("/v1/customers", email="a@b.c")["id"]
    first = account.session(price, customer=customer, currency="eur")
    assert "You cannot combine currencies" in refused(account, price, customer=customer, currency="usd")["message"]
    assert account.session(price, customer=customer)["currency"] == "eur", "that of the open session"
    account.pay(first)
    subscription = account.world.all("subscription")[0]
    assert (subscription["currency"], subscription["items"]["data"][0]["price"]["currency"]) == ("eur", "usd")
    account.time = float(subscription["items"]["data"][0]["current_period_end"] + 3600)
    account.engine.tick()
    assert [(each["currency"], each["total"]) for each in account.world.all("invoice")] == [("eur", 800)] * 2
    assert account.session(account.price(500), customer=customer)["currency"] == "usd", "a payment is free to differ"


def test_nothing_is_due_of_a_free_line(account):
    session = ordered(account, account.price(0), account.price(0))
    assert account.pay(session, None).step == "complete"


@pytest.mark.parametrize("recurring", [None, MONTH])
def test_the_page_takes_no_money_of_a_customer_that_was_deleted(account, recurring):
    customer = account.post("/v1/customers", email="ada@example.com")["id"]
    price = account.price(1000, **({"recurring": recurring} if recurring else {}))
    session = account.session(price, customer=customer)
    account.engine.request("DELETE", f"/v1/customers/{customer}")
    assert account.pay(session).message == f"No such customer: '{customer}'"
    assert account.get(f"{SESSIONS}/{session['id']}")["status"] == "open"
    assert account.world.all("charge") == []


def test_a_customer_deleted_during_the_banks_page_pays_nothing(account):
    customer = account.post("/v1/customers", email="ada@example.com")["id"]
    session = account.session(account.price(1000), customer=customer)
    assert account.pay(session, "4000002500003155").step == "authenticate"
    account.engine.request("DELETE", f"/v1/customers/{customer}")
    live = account.world.need("checkout.session", session["id"])
    assert hosted_checkout.authenticate(account.world, live, passed=True).step == "retry"
    assert account.world.all("charge") == []
