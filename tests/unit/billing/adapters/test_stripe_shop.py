"""The catalog, customers and checkout sessions over the wire: what is asked, and all that is made of the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.client import stripe_client
from billing.config import StripeAccess
from billing.domain.ids import CustomerId, PriceId, SessionId, UserId
from billing.errors import MalformedObject, Misconfigured, StripeKeyInUse, StripeRefused
from billing.ports.stripe import FoundCustomer, OpenSession
from tests.fakes.snapshots import CUSTOMER, NOW, an_order
from tests.fakes.world import FakeMetrics
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.stripe_wire import exchanged, refusal, sent
from tests.unit.billing.adapters.test_stripe_adapter import PRICE, SESSION, client
from tests.unit.billing.adapters.test_stripe_rest_of_lists import Wire, rows

LEVELS = ("FREE", "PRO")
ID = SessionId("cs_1")
T = int(NOW.timestamp())
PRODUCT = {"id": "prod_1", "object": "product", "active": True, "name": "Pro", "description": None, "metadata": {}}
SOLD: dict[str, Any] = PRICE | {"product": PRODUCT, "currency_options": {"usd": {"unit_amount": 1300}}}


def catalog(wire: Wire, ask: Any) -> Any:
    return wire.ask(lambda api: ask(StripeCatalog(api, LEVELS)))


def told(price: Any) -> tuple[object, ...]:
    return price.id, price.product_name, price.options, price.gives.level, price.problem


WHOLE = ("price_1", "Pro", {"usd": 1300}, "PRO", None)


def test_a_price_is_read_with_its_product_and_its_currencies() -> None:
    wire = Wire(prices__price_1=SOLD)
    assert told(catalog(wire, lambda prices: prices.price(PriceId("price_1")))) == WHOLE
    assert wire.asked == ["/v1/prices/price_1?expand[0]=product&expand[1]=currency_options"]


def test_only_a_price_that_is_not_there_is_none() -> None:
    def price(code: str) -> object:
        return catalog(Wire(prices__price_1=refusal(code=code)), lambda prices: prices.price(PriceId("price_1")))

    assert price("resource_missing") is None
    with pytest.raises(StripeRefused):
        price("parameter_invalid")


@pytest.mark.parametrize("found", [[SOLD], []])
def test_a_price_is_found_by_its_key(found: list[Any]) -> None:
    wire = Wire(prices=rows(*found))
    price = catalog(wire, lambda prices: prices.price_by_lookup_key("pro"))
    assert (told(price) if price else None) == (WHOLE if found else None)
    expand = "expand[0]=data.product&expand[1]=data.currency_options"
    assert wire.asked == [f"/v1/prices?lookup_keys[0]=pro&active=true&limit=1&{expand}"]


def test_the_prices_that_are_sold() -> None:
    """Of an archived product none is, though Stripe lists it; one without a product at hand speaks for itself."""
    archived = SOLD | {"id": "price_2", "product": PRODUCT | {"active": False}}
    wire = Wire(prices=rows(SOLD, archived, SOLD | {"id": "price_3", "product": "prod_1"}))
    first, last = catalog(wire, StripeCatalog.active_prices)
    assert (told(first), last.id, last.product_name) == (WHOLE, "price_3", "price_3")
    assert wire.asked == ["/v1/prices?active=true&limit=100&expand[0]=data.product&expand[1]=data.currency_options"]


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda prices: prices.price_by_lookup_key("pro"), "price"),
        (lambda prices: prices.active_prices(), "price"),
    ],
)
def test_a_price_that_can_not_be_read_is_named(ask: Any, kind: str) -> None:
    with pytest.raises(MalformedObject, match=f"a {kind} of Stripe can't be read") as refused:
        catalog(Wire(prices=rows(SOLD | {"billing_scheme": None, "currency": None})), ask)
    assert refused.value.ids == {"id": "price_1", "reason": "UnfitError('currency')"}


@pytest.mark.parametrize(
    "ask",
    [lambda prices: prices.price_by_lookup_key("pro"), lambda prices: prices.active_prices()],
    ids=["by its key", "all"],
)
def test_a_list_that_is_none_is_named(ask: Any) -> None:
    with pytest.raises(MalformedObject, match="a list of Stripe can't be read"):
        catalog(Wire(prices={"object": "list", "data": {}}), ask)


# --------------------------------------------------------------------------------------- customers and sessions


def sessions(ask: Any) -> Any:
    return lambda url: ask(StripeSessions(client(url), "https://app.example.com", "https://api.example.com"))


def test_the_customers_of_an_address_with_whether_they_subscribe() -> None:
    customer = {"id": "cus_1", "object": "customer", "created": T, "metadata": {"user_id": "alice"}}
    wire = Wire(customers=rows(customer | {"subscriptions": rows({"id": "sub_1", "object": "subscription"})}))
    found = wire.ask(lambda api: StripeSessions(api, "https://app", "").customers_of("ada@example.com"))
    assert found == [FoundCustomer(CustomerId("cus_1"), NOW, "alice", subscribed=True)]
    assert wire.asked == ["/v1/customers?email=ada@example.com&limit=100&expand[0]=data.subscriptions"]


def test_customers_that_are_no_list_are_named() -> None:
    wire = Wire(customers={"object": "list", "data": {}})
    with pytest.raises(MalformedObject, match="a list of Stripe can't be read"):
        wire.ask(lambda api: StripeSessions(api, "https://app", "").customers_of("ada@example.com"))


@pytest.mark.parametrize("email", ["ada@example.com", None])
def test_a_customer_is_made_once_for_a_user(email: str | None) -> None:
    """Under a key of its own, so that a request that is made again makes no second one."""
    made, request = exchanged(
        {"id": "cus_1", "object": "customer"},
        sessions(lambda api: api.create_customer(UserId("alice"), email, "key-1")),
    )
    assert (made, request.split(b" ")[:2]) == ("cus_1", [b"POST", b"/v1/customers"])
    assert sent(request) == {"metadata[user_id]": "alice", **({"email": email} if email else {})}
    assert b"idempotency-key: key-1\r\n" in request.lower()


def test_a_new_customer_without_an_id_of_one_is_named() -> None:
    refused, _ = exchanged(
        {"id": "cus 1", "object": "customer"}, sessions(lambda api: api.create_customer(UserId("alice"), None, "key"))
    )
    assert isinstance(refused, MalformedObject)
    assert (str(refused), refused.ids) == (
        "a customer of Stripe can't be read",
        {"reason": "UnfitError('id')"},
    )


def test_a_session_is_opened_where_the_buyer_comes_back_by_the_api() -> None:
    told = SESSION | {"client_secret": "cs_1_secret"}
    opened, request = exchanged(told, sessions(lambda api: api.create_session(an_order(), CUSTOMER, "key")))
    assert opened == OpenSession(
        id=ID,
        url="https://checkout.stripe.com/c/pay/cs_1",
        client_secret="cs_1_secret",
        expires_at=NOW,
    )
    pages = (sent(request)["success_url"], sent(request)["cancel_url"])
    assert pages == (
        "https://api.example.com/checkout/success?session_id={CHECKOUT_SESSION_ID}",
        "https://app.example.com/checkout/canceled",
    )


@pytest.mark.parametrize(("field", "value"), [("id", "ch_1"), ("expires_at", "soon")])
def test_a_new_session_that_can_not_be_read_is_named(field: str, value: str) -> None:
    refused, _ = exchanged(
        SESSION | {field: value}, sessions(lambda api: api.create_session(an_order(), CUSTOMER, "key"))
    )
    assert isinstance(refused, MalformedObject)
    assert str(refused) == "a checkout session of Stripe can't be read"
    assert refused.ids["reason"] == f"UnfitError('{field}')"


@pytest.mark.parametrize("status", ["open", "complete", "expired"])
def test_whether_a_session_is_open(status: str) -> None:
    found, request = exchanged(SESSION | {"status": status}, sessions(lambda api: api.is_open(ID)))
    assert found is (status == "open")
    assert request.startswith(b"GET /v1/checkout/sessions/cs_1 ")


def test_a_session_is_ended_or_was_paid_meanwhile() -> None:
    """Only one that is open can be ended; one that can't be may be paid."""
    ended, request = exchanged(SESSION, sessions(lambda api: api.expire_session(ID)))
    assert ended is True
    assert request.startswith(b"POST /v1/checkout/sessions/cs_1/expire ")
    paid = refusal(message="This Session is not open")
    assert exchanged(paid, sessions(lambda api: api.expire_session(ID)))[0] is False


# ---------------------------------------------------------------------------------------------------- the client


@pytest.mark.parametrize(
    ("livemode", "key", "fits"),
    [
        *((False, f"{kind}_test_1", True) for kind in ("sk", "rk")),
        *((True, f"{kind}_live_1", True) for kind in ("sk", "rk")),
        *((False, f"{kind}_live_1", False) for kind in ("sk", "rk")),
        *((True, f"{kind}_test_1", False) for kind in ("sk", "rk")),
        (False, "pk_test_1", False),
    ],
)
def test_a_key_is_of_the_mode_of_its_installation(livemode: bool, key: str, fits: bool) -> None:
    """F30: else live purchases would be answered from test data, or test ones be charged."""
    access = StripeAccess("https://api.stripe.com", "plumbline/key", livemode=livemode, account=None)
    if fits:
        stripe_client(access, key)
    else:
        with pytest.raises(Misconfigured, match="the key in plumbline/key is not one of") as refused:
            stripe_client(access, key)
        assert key not in str(refused.value)


def test_every_request_is_of_the_connected_account() -> None:
    """F30."""

    def ask(url: str) -> object:
        access = StripeAccess(url, "key", livemode=False, account="acct_1Connected")
        return StripeSessions(stripe_client(access, "sk_test_1", FakeMetrics()), "https://app", "").is_open(ID)

    found, request = exchanged(SESSION | {"status": "open"}, ask)
    assert found is True
    assert b"\r\nstripe-account: acct_1connected\r\n" in request.lower()


def test_a_key_that_is_in_use_says_so() -> None:
    error = {"error": {"type": "idempotency_error", "message": "There is another request in progress"}}
    play = answer(json.dumps(error), "409 Conflict", "Stripe-Should-Retry: false\r\n")
    refused, _ = exchanged(play, sessions(lambda api: api.create_session(an_order(), CUSTOMER, "key")))
    assert isinstance(refused, StripeKeyInUse)
    assert str(refused) == "Stripe is at a request with this idempotency key"
