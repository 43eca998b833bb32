"""Paging, filters, expand."""

import pytest

from local.stripe.engine.invoices import invoice_life


@pytest.fixture
def five(account):
    made = []
    for _ in range(5):
        made.append(account.post("/v1/customers", email="same@example.com")["id"])
        account.time += 10
    return list(reversed(made))


def ids(listed):
    return [each["id"] for each in listed["data"]]


def test_a_list_can_be_read_forward_and_back(account, five):
    first = account.get("/v1/customers", limit="2")
    assert (ids(first), first["has_more"], first["url"]) == (five[:2], True, "/v1/customers")
    rest = account.get("/v1/customers", limit=3, starting_after=five[1])
    assert (ids(rest), rest["has_more"]) == (five[2:], False)
    back = account.get("/v1/customers", limit=2, ending_before=five[3])
    assert (ids(back), back["has_more"]) == (five[1:3], True)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"starting_after": "cus_x"}, "starting_after"),
    ],
)
def test_bad_pages_are_refused(account, five, params, param):
    error = account.refusal("GET", "/v1/customers", **params)
    assert (error["status"], error["param"]) == (400, param)


def test_a_list_is_filtered_by_time_and_address(account, five):
    start = int(account.time) - 50
    assert ids(account.get("/v1/customers", created={"gte": start + 20, "lt": start + 40})) == five[1:3]
    assert ids(account.get("/v1/customers", created=start)) == five[4:]
    assert ids(account.get("/v1/customers", email="other@example.com")) == []


def test_events_are_listed_by_type_and_success(account, five):
    assert len(account.get("/v1/events", types=["customer.created", "price.created"])["data"]) == 5
    assert len(account.get("/v1/events", type="customer.*")["data"]) == 5
    assert len(account.get("/v1/events", delivery_success="false")["data"]) == 5
    assert account.get("/v1/events", delivery_success="true")["data"] == []
    error = account.refusal("GET", "/v1/events", types=["customer.created"] * 21)
    assert error["param"] == "types"
    account.time += 31 * 86_400
    assert account.get("/v1/events")["data"] == [], "the Events API reaches back 30 days"


def test_expand_reaches_ids_and_included_members(account):
    session = account.session(account.price())
    path = "/v1/checkout/sessions/" + session["id"]
    assert "line_items" not in account.get(path)
    account.pay(session)
    found = account.get(path, expand=["line_items.data.price.product", "payment_intent.latest_charge.customer"])
    assert found["line_items"]["data"][0]["price"]["product"]["name"] == "500 credits"
    assert found["payment_intent"]["latest_charge"]["object"] == "charge"
    listed = account.get("/v1/checkout/sessions", expand=["data.payment_intent"])
    assert listed["data"][0]["payment_intent"]["object"] == "payment_intent"
    assert account.get(path)["payment_intent"] == found["payment_intent"]["id"], "expanding changes nothing stored"


@pytest.mark.parametrize(
    ("path", "wanted", "message"),
    [
        ("/v1/customers", "nonsense", "This property cannot be expanded (nonsense)"),
        ("/v1/customers", "test_clock", "You may want to try expanding 'data.test_clock' instead."),
        ("/v1/customers", "data.email", "This property cannot be expanded (data.email)"),
        ("/v1/customers", "data.invoice_settings", "This property cannot be expanded"),
        ("/v1/invoices", "data.payments.data.payment.payment_intent", "You cannot expand more than 4 levels"),
    ],
)
def test_bad_expansions_are_refused(account, five, path, wanted, message):
    error = account.refusal("GET", path, expand=[wanted])
    assert error["status"] == 400
    assert message in error["message"]


def test_an_empty_list_is_expanded_into(account):
    customer = account.post("/v1/customers")["id"]
    deep = ["data.latest_invoice", "data.latest_invoice.payments"]
    assert account.get("/v1/subscriptions", customer=customer, expand=deep)["data"] == []


def test_subscriptions_on_a_test_clock_are_listed_for_their_clock_or_customer_only(account):
    price = account.price(1000, recurring={"interval": "month"})
    clock = account.post("/v1/test_helpers/test_clocks", frozen_time=int(account.time))["id"]
    made = []
    for on in ({}, {"test_clock": clock}):
        customer = account.post("/v1/customers", **on)["id"]
        method = account.post("/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
        items = [{"price": price["id"]}]
        given = {"customer": customer, "items": items, "default_payment_method": method}
        made.append((customer, account.post("/v1/subscriptions", **given)["id"]))
    (_, free), (customer, clocked) = made
    assert ids(account.get("/v1/subscriptions", status="all")) == [free]
    assert ids(account.get("/v1/subscriptions", test_clock=clock)) == [clocked]
    assert ids(account.get("/v1/subscriptions", customer=customer)) == [clocked]


def test_an_invoice_shows_ten_of_its_lines_wherever_it_stands_and_lists_all(account):
    """https://docs.stripe.com/api/invoices/line_item"""
    customer = account.post("/v1/customers")["id"]
    items = [{"price": account.price(recurring={"interval": "month"})["id"]} for _ in range(12)]
    subscription = account.post("/v1/subscriptions", customer=customer, items=items, trial_period_days=7)
    invoice = subscription["latest_invoice"]
    listed = account.get("/v1/subscriptions", customer=customer, expand=["data.latest_invoice"])
    told = account.get("/v1/events", type="invoice.created")["data"]
    for shown in (
        account.get(f"/v1/invoices/{invoice}"),
        account.get("/v1/invoices", customer=customer)["data"][0],
        listed["data"][0]["latest_invoice"],
        told[0]["data"]["object"],
    ):
        assert (len(shown["lines"]["data"]), shown["lines"]["has_more"]) == (10, True)
    lines = account.get(f"/v1/invoices/{invoice}/lines", limit=100)
    assert (len({*ids(lines)}), lines["has_more"]) == (12, False)


def test_a_subscription_shows_ten_of_its_items_wherever_it_stands_and_lists_all(account):
    """https://docs.stripe.com/api/subscription_items/list"""
    customer = account.post("/v1/customers")["id"]
    items = [{"price": account.price(recurring={"interval": "month"})["id"]} for _ in range(10)]
    made = account.post("/v1/subscriptions", customer=customer, items=items, trial_period_days=7)
    assert (len(made["items"]["data"]), made["items"]["has_more"]) == (10, False)
    for _ in range(2):
        price = account.price(recurring={"interval": "month"})["id"]
        account.post("/v1/subscription_items", subscription=made["id"], price=price)
    expand = ["parent.subscription_details.subscription"]
    invoice = account.get(f"/v1/invoices/{made['latest_invoice']}", expand=expand)
    told = account.get("/v1/events", type="customer.subscription.updated")["data"]
    for shown in (
        account.get(f"/v1/subscriptions/{made['id']}"),
        account.get("/v1/subscriptions", customer=customer)["data"][0],
        invoice["parent"]["subscription_details"]["subscription"],
        told[0]["data"]["object"],
    ):
        assert (len(shown["items"]["data"]), shown["items"]["has_more"]) == (10, True)
    first = account.get("/v1/subscription_items", subscription=made["id"], limit=8)
    rest = account.get("/v1/subscription_items", subscription=made["id"], limit=8, starting_after=ids(first)[-1])
    assert (len({*ids(first), *ids(rest)}), first["has_more"], rest["has_more"]) == (12, True, False)


def test_an_invoice_shows_ten_of_its_payments_and_lists_all(account):
    """https://docs.stripe.com/api/invoice-payment/list"""
    paid = account.pay(account.session(account.price(recurring={"interval": "month"})))
    assert paid.step == "complete"
    invoice = account.get("/v1/invoices")["data"][0]["id"]
    intent = account.get("/v1/payment_intents")["data"][0]
    for _ in range(11):
        invoice_life.link(account.world, account.world.need("invoice", invoice), intent)
    shown = account.get(f"/v1/invoices/{invoice}", expand=["payments"])["payments"]
    assert (len(shown["data"]), shown["has_more"]) == (10, True)
    listed = account.get("/v1/invoice_payments", invoice=invoice, limit=100)
    assert (len(ids(listed)), listed["has_more"]) == (12, False)


@pytest.mark.parametrize("path", ["/v1/subscriptions", "/v1/invoices", "/v1/checkout/sessions"])
def test_a_list_by_a_customer_that_never_was_is_refused(account, path):
    """Of one that was deleted nobody knows: both are played."""
    error = account.refusal("GET", path, customer="cus_nobody")
    assert (error["status"], error["code"], error["param"]) == (400, "resource_missing", "customer")
    customer = account.post("/v1/customers")["id"]
    account.ask("DELETE", f"/v1/customers/{customer}")
    assert account.get(path, customer=customer)["data"] == []
    account.world.hides_deleted = True
    assert account.refusal("GET", path, customer=customer)["param"] == "customer"
    assert account.get(path)["data"] == []
