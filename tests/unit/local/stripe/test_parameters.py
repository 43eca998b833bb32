"""Refusals of single parameters, with Stripe's codes and messages."""

import pytest

ITEMS = [{"price": "price_x", "quantity": "1"}]


@pytest.mark.parametrize(
    ("path", "params", "code", "param", "message"),
    [
        ("/v1/customers", {"emial": "x"}, "parameter_unknown", "emial", "Received unknown parameter: emial"),
        ("/v1/customers", {"a": "x", "b": "y"}, "parameter_unknown", "a", "Received unknown parameters: a, b"),
        (
            "/v1/checkout/sessions",
            {"line_items": {"0": {"prize": "x"}}},
            "parameter_unknown",
            "line_items[0][prize]",
            "Received unknown parameter: line_items[0][prize]",
        ),
        (
            "/v1/checkout/sessions",
            {"mode": "pay"},
            None,
            "mode",
            "Invalid mode: must be one of payment, setup, or subscription",
        ),
        (
            "/v1/prices",
            {"currency": "usd", "unit_amount": "1.5"},
            "parameter_invalid_integer",
            "unit_amount",
            "Invalid integer: 1.5",
        ),
        ("/v1/prices", {"unit_amount": "5"}, "parameter_missing", "currency", "Missing required param: currency."),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name", "You passed an empty string for 'name'."),
        ("/v1/products", {"name": "x", "active": "yes"}, None, "active", "Invalid boolean: yes"),
        ("/v1/products", {"name": {"a": "b"}}, None, "name", "Invalid name"),
        ("/v1/products", {"name": "x", "images": "one"}, None, "images", "Invalid array"),
        (
            "/v1/checkout/sessions",
            {"payment_method_types": ["card"]},
            "parameter_unknown",
            "payment_method_types",
            "Received unknown",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items": ITEMS},
            "parameter_missing",
            "success_url",
            "Missing required param: success_url.",
        ),
        (
            "/v1/checkout/sessions",
            {"success_url": "http://a.b"},
            "parameter_missing",
            "line_items",
            "Missing required param",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items": ITEMS, "success_url": "nowhere"},
            "url_invalid",
            "success_url",
            "Not a valid URL",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items": ITEMS, "success_url": "http://a.b"},
            "resource_missing",
            "line_items[0][price]",
            "No such price: 'price_x'",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items": ITEMS, "success_url": "http://a.b", "customer": "cus_x"},
            "resource_missing",
            "customer",
            "No such customer: 'cus_x'",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items": ITEMS, "success_url": "http://a.b", "expires_at": "1795000100"},
            None,
            "expires_at",
            "The `expires_at` timestamp must be at least 30 minutes",
        ),
    ],
)
def test_parameters_are_refused_as_stripe_refuses_them(account, path, params, code, param, message):
    error = account.refusal("POST", path, **params)
    assert (error["status"], error.get("code"), error["param"]) == (400, code, param)
    assert error["message"].startswith(message)
    assert error["type"] == "invalid_request_error"
    assert ("doc_url" in error) == (code is not None)
    assert account.world.all("customer") == []


@pytest.mark.parametrize(
    "email", ["ada", "ada@example", " ada@example.com", "ada@example.com ", "ada b@c.com", "a@b@c.com", "ada＠b.com"]
)
def test_an_address_that_is_none_is_refused_wherever_it_stands(account, email):
    """https://github.com/fjordllc/bootcamp/issues/4134 , https://github.com/mage2pro/stripe/issues/72"""
    customer = account.post("/v1/customers", email="ada@mail.example.com")["id"]
    sold = {
        "mode": "payment",
        "line_items": [{"price": account.price()["id"], "quantity": 1}],
        "success_url": "http://a.b",
    }
    for path, given, param in (
        ("/v1/customers", {"email": email}, "email"),
        (f"/v1/customers/{customer}", {"email": email}, "email"),
        ("/v1/checkout/sessions", sold | {"customer_email": email}, "customer_email"),
        (
            "/v1/checkout/sessions",
            sold | {"payment_intent_data": {"receipt_email": email}},
            "payment_intent_data[receipt_email]",
        ),
    ):
        error = account.refusal("POST", path, **given)
        assert (error["status"], error["code"], error["param"]) == (400, "email_invalid", param)
    assert account.get(f"/v1/customers/{customer}")["email"] == "ada@mail.example.com"


def test_what_stripe_offers_and_the_stand_in_ignores_is_refused_aloud(account):
    error = account.refusal("POST", "/v1/customers", email="a@b.c", source="tok_visa")
    assert (error["status"], error["code"]) == (501, "stand_in_not_offered")


def test_values_get_their_true_types(account):
    price = account.price("500", recurring={"interval": "month", "interval_count": "2"})
    assert (price["unit_amount"], price["recurring"]["interval_count"]) == (500, 2)
    session = account.session(account.price(), metadata={"0": "digits are keys here"})
    assert session["metadata"] == {"0": "digits are keys here"}


def test_metadata_merges_and_unsets(account):
    customer = account.post("/v1/customers", metadata={"a": "1", "b": "2"})
    path = "/v1/customers/" + customer["id"]
    assert account.post(path, metadata={"b": "", "c": "3"})["metadata"] == {"a": "1", "c": "3"}
    updated = account.world.all("event")[0]
    assert updated["data"]["previous_attributes"] == {"metadata": {"b": "2", "c": None}}
    assert account.post(path, metadata="")["metadata"] == {}


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k" * 41: "v"}, "Metadata keys can have up to 40 characters"),
        ({"k": "v" * 501}, "Metadata values can have up to 500 characters"),
        ({f"k{number}": "v" for number in range(51)}, "Metadata can have up to 50 keys, but you've set 51."),
    ],
    ids=["a long key", "a long value", "many keys"],
)
def test_metadata_has_its_limits(account, path, given, said):
    param, more = "metadata", {}
    if path == "/v1/checkout/sessions":
        param, more = "payment_intent_data[metadata]", {"mode": "payment", "line_items": {"0": {"price": "p"}}}
        given = {"payment_intent_data": {"metadata": given}}
    else:
        given = {"metadata": given}
    error = account.refusal("POST", path, **more, **given)
    assert (error["status"], error["param"]) == (400, param)
    assert error["message"].startswith(said)


def test_as_much_metadata_as_may_be(account):
    most = {f"{number:040}": "v" * 500 for number in range(50)}
    customer = account.post("/v1/customers", metadata=most)
    assert customer["metadata"] == most
    path = "/v1/customers/" + customer["id"]
    error = account.refusal("POST", path, metadata={"one": "more"})
    assert error["message"] == "Metadata can have up to 50 keys, but you've set 51."
    assert account.post(path, metadata={"one": "more", f"{0:040}": ""})["metadata"].keys() - most.keys() == {"one"}


@pytest.mark.parametrize(("mode", "recurring"), [("payment", {"interval": "month"}), ("subscription", None)])
def test_the_mode_must_fit_the_prices(account, mode, recurring):
    price = account.price(recurring=recurring) if recurring else account.price()
    error = account.refusal(
        "POST",
        "/v1/checkout/sessions",
        mode=mode,
        line_items=[{"price": price["id"], "quantity": 1}],
        success_url="http://a.test",
    )
    assert (error["status"], error["param"]) == (400, "mode")


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_quantities_have_bounds(account, quantity):
    items = [{"price": account.price()["id"], "quantity": quantity}]
    error = account.refusal("POST", "/v1/checkout/sessions", line_items=items, success_url="http://a.test")
    assert error["param"] == "line_items[0][quantity]"


def test_a_lookup_key_belongs_to_one_price(account):
    first = account.price(lookup_key="pro")
    error = account.refusal(
        "POST", "/v1/prices", product=first["product"], unit_amount=1, currency="usd", lookup_key="pro"
    )
    assert error["code"] == "resource_already_exists"
    second = account.post(
        "/v1/prices",
        product=first["product"],
        unit_amount=1,
        currency="usd",
        lookup_key="pro",
        transfer_lookup_key=True,
    )
    found = account.get("/v1/prices", lookup_keys=["pro"])["data"]
    assert [price["id"] for price in found] == [second["id"]]
