"""What the Stripe adapter asks and understands, where no stand-in is needed: requests as they went over the wire."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.prices import price_of
from billing.adapters.stripe_api.reader import StripeReads
from billing.config import StripeAccess
from billing.domain.ids import CustomerId, PaymentIntentId, UserId
from billing.domain.notice import ObjectRef
from billing.errors import StripeBusy, StripeKeyInUse, StripeRefused, StripeUnavailable
from billing.ports.stripe import History, Touched
from billing.present.catalog import catalog_answer
from local.template import Model
from tests.fakes.snapshots import CUSTOMER, NOW, PRO_MONTHLY, an_order
from tests.fakes.world import FakeMetrics
from tests.unit.billing.adapters.http_servers import answer, bad_server, reset
from tests.unit.billing.adapters.stripe_wire import exchanged, refusal
from tests.unit.billing.adapters.test_stripe_parse import ITEM, SUBSCRIPTION

SESSION = {
    "id": "cs_1",
    "object": "checkout.session",
    "url": "https://checkout.stripe.com/c/pay/cs_1",
    "client_secret": None,
    "expires_at": int(NOW.timestamp()),
}
PRICE: dict[str, Any] = {
    "id": "price_1",
    "object": "price",
    "active": True,
    "billing_scheme": "per_unit",
    "currency": "eur",
    "lookup_key": None,
    "metadata": {"plan": "pro", "entitlement_level": "PRO"},
    "nickname": None,
    "product": "prod_1",
    "recurring": {"interval": "month", "interval_count": 3, "usage_type": "licensed"},
    "unit_amount": 1200,
}


def client(url: str, metrics: FakeMetrics | None = None) -> Any:
    return stripe_client(StripeAccess(url, "key", livemode=False, account=None), "sk_test_plumbline", metrics)


def test_nothing_is_told_beside_the_request() -> None:
    """The SDK's telemetry is on by itself: an id from a file in the home directory, and how long requests took."""
    with bad_server(answer(json.dumps(SESSION))) as server:
        api = client(server.url).v1
        for _ in range(2):
            api.checkout.sessions.retrieve("cs_1")
    heads = [request.split(b"\r\n\r\n", 1)[0].lower() for request in server.received]
    assert len(heads) == 2
    assert not any(b"telemetry" in head for head in heads)


@pytest.mark.parametrize("play", [answer("{}", "500 Internal Server Error"), reset], ids=["500", "no answer"])
def test_every_request_is_counted_and_one_that_is_made_again_twice(play: Callable[[socket.socket], None]) -> None:
    """Stripe's limit counts the retries of the SDK as well, and what Stripe has heard of, answered or not."""
    metrics = FakeMetrics()
    with bad_server(play) as server, pytest.raises(StripeUnavailable):
        StripeReads(client(server.url, metrics), ("FREE", "PRO"), livemode=False).session_of_payment(
            PaymentIntentId("pi_1")
        )
    assert metrics.counts["StripeCalls"] == len(server.received) == 2


@pytest.mark.parametrize("metrics", [None, FakeMetrics()], ids=["an operator", "a function"])
def test_a_stripe_that_hangs_is_given_up_before_its_function_ends(
    metrics: FakeMetrics | None, template: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F27: also where every try takes its longest to connect and to be answered. Who asks Stripe has a key of it."""
    tries: list[tuple[float, float]] = []
    pauses: list[float] = []

    def hang(*_: object, timeout: tuple[float, float], **__: object) -> None:
        tries.append(timeout)
        raise requests.Timeout

    monkeypatch.setattr(requests.Session, "request", hang)
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(StripeUnavailable):
        StripeReads(client("http://127.0.0.1:1", metrics), ("FREE", "PRO"), livemode=False).session_of_payment(
            PaymentIntentId("pi_1")
        )
    asking = [each for each in template.functions.values() if "STRIPE_API_KEY_SECRET" in each.environment]
    assert 0 < sum(map(sum, tries)) + sum(pauses) < min(each.timeout for each in asking)


@pytest.mark.parametrize("order", [an_order(), an_order(PRO_MONTHLY)], ids=["payment", "subscription"])
@pytest.mark.parametrize("currency", ["eur", "usd"])
def test_a_session_is_asked_for_in_the_currency_that_was_ordered(order: Any, currency: str) -> None:
    """A price can have several, and Stripe would choose by where the buyer is."""
    with bad_server(answer(json.dumps(SESSION))) as server:
        sessions = StripeSessions(client(server.url), "https://app.example.com", "")
        sessions.create_session(replace(order, currency=currency), CUSTOMER, "key-1")
    (request,) = server.received
    sent = parse_qs(request.split(b"\r\n\r\n", 1)[1].decode())
    assert sent["currency"] == [currency]
    assert sent["customer"] == [CUSTOMER]


def test_a_whole_page_of_customers_is_looked_at_for_an_address() -> None:
    """The newest come first (https://docs.stripe.com/api/customers/list): one with a subscription may be an old one."""
    listed = {"object": "list", "data": [], "has_more": False, "url": "/v1/customers"}
    found, request = exchanged(
        listed, lambda url: StripeSessions(client(url), "https://app", "").customers_of("ada@example.com")
    )
    wanted = parse_qs(request.split(b" ")[1].decode().partition("?")[2])
    assert (found, wanted["email"], wanted["limit"]) == ([], ["ada@example.com"], ["100"])


def test_a_customer_whose_id_somebody_has_chosen_stops_nobodys_checkout() -> None:
    """https://docs.stripe.com/changelog/2018-05-21/valid-characters-ids-coupons-skus-customers-products-plans"""
    ids = ("cus_1", "user-42", "ada@example.com")
    more = {"object": "customer", "created": 1, "metadata": {}, "subscriptions": {"object": "list", "data": []}}
    listed = {"object": "list", "data": [{"id": name, **more} for name in ids], "has_more": False}
    found, _ = exchanged(listed, lambda url: StripeSessions(client(url), "https://app", "").customers_of("a@b.c"))
    assert [each.id for each in found] == ["cus_1", "user-42"]


@pytest.mark.parametrize("type", ["invalid_request_error", "idempotency_error"])
def test_a_refusal_is_not_told_in_stripes_words(type: str) -> None:
    """S16: they quote what was sent, and a refusal is logged."""
    refused, _ = exchanged(
        refusal(type=type, code="email_invalid", param="email", message="Invalid email address: ada@"),
        lambda url: StripeSessions(client(url), "https://app", "").create_customer(UserId("alice"), "ada@", "key"),
    )
    assert isinstance(refused, StripeRefused)
    assert "ada@" not in f"{refused} {refused.ids} {refused.public}"


@pytest.mark.parametrize(
    ("code", "livemode"), [("resource_missing", False), ("resource_missing", True), ("parameter_unknown", False)]
)
def test_only_a_customer_that_is_not_there_is_gone(code: str, livemode: bool) -> None:
    """Any other refusal must not cost a buyer the customer with all of its subscriptions.

    Nor must the key of another live account, which has none of them.
    """
    error = json.dumps({"error": {"type": "invalid_request_error", "code": code, "message": "No", "param": "id"}})
    with bad_server(answer(error, "404 Not Found")) as server:
        reads = StripeReads(client(server.url), ("FREE", "PRO"), livemode=livemode)
        gone = Touched(customers=frozenset({CustomerId("cus_1")}))
        if code == "resource_missing" and not livemode:
            assert reads.snapshot([CustomerId("cus_1")], gone).deleted_customers == {"cus_1"}
        else:
            with pytest.raises(StripeRefused):
                reads.snapshot([CustomerId("cus_1")], gone)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("ask", "nothing"),
    [
        (lambda reads: reads.hints(ObjectRef("charge", "ch_1")), None),
        (lambda reads: reads.history(CUSTOMER, 10), History((), (), whole=True)),
    ],
    ids=["an object", "a history"],
)
def test_another_refusal_is_not_taken_for_nothing_there(ask: Callable[[StripeReads], object], nothing: object) -> None:
    """Any other refusal is told: else the event would be left for somebody else's, and a purchase never be granted."""

    def answered(code: str) -> object:
        return exchanged(
            refusal(code=code, param="id"), lambda url: ask(StripeReads(client(url), ("FREE", "PRO"), livemode=False))
        )[0]

    assert answered("resource_missing") == nothing
    assert isinstance(answered("parameter_invalid"), StripeRefused)


@pytest.mark.parametrize(
    ("replayed", "keys"),
    [
        ("", {"order-1"}),
        ("Idempotent-Replayed: false\r\n", {"order-1"}),
        ("Idempotent-Replayed: true\r\n", {"order-1", "order-1:1", "order-1:2", "order-1:3"}),
    ],
    ids=["of this moment", "said to be", "saved"],
)
def test_only_a_saved_failure_is_left_behind_with_its_key(replayed: str, keys: set[str]) -> None:
    """F26. A failure of this moment may have made the session all the same: under another key there would be two, and
    both could be paid.
    """
    error = json.dumps({"error": {"type": "api_error", "message": "Something went wrong"}})
    play = answer(error, "500 Internal Server Error", f"Stripe-Should-Retry: false\r\n{replayed}")
    with bad_server(play) as server:
        sessions = StripeSessions(client(server.url), "https://app.example.com", "")
        with pytest.raises(StripeUnavailable):
            sessions.create_session(an_order(), CUSTOMER, "order-1")
    heads = [request.decode().partition("\r\n\r\n")[0] for request in server.received]
    assert {re.findall(r"(?im)^idempotency-key: (\S+)", head)[0] for head in heads} == keys


@pytest.mark.parametrize("type", ["invalid_request_error", "idempotency_error", "api_error"])
def test_the_same_request_twice_at_once_is_tried_again_and_named(type: str) -> None:
    """F45: of two tabs with one key Stripe answers the second one 409 while the first is under way.

    The status is documented (https://docs.stripe.com/api/errors), the error's type is not.
    """
    error = {"type": type, "code": "idempotency_key_in_use", "message": "There is another request in progress"}
    play = answer(json.dumps({"error": error}), "409 Conflict")
    with bad_server(play) as server, pytest.raises(StripeKeyInUse) as raised:
        StripeSessions(client(server.url), "https://app.example.com", "").create_session(an_order(), CUSTOMER, "1")
    assert raised.value.ids == {"status": 409}
    assert isinstance(raised.value, StripeUnavailable)
    assert len(server.received) == 2


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_key_that_is_refused_is_no_fault_of_the_event(status: str) -> None:
    """It waits in the queue until a person has mended the key (https://docs.stripe.com/api/errors)."""
    error = json.dumps({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}})
    with bad_server(answer(error, status)) as server:
        reads = StripeReads(client(server.url), ("FREE", "PRO"), livemode=False)
        with pytest.raises(StripeUnavailable) as raised:
            reads.session_of_payment(PaymentIntentId("pi_1"))
    assert raised.value.ids == {"status": int(status[:3])}, "that person must know"


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u00b2", None),
        ("9" * 400, None),
    ],
)
def test_what_stripe_asks_to_wait_is_taken_where_it_is_a_number_of_seconds(said: str, understood: float | None) -> None:
    """Whatever else a proxy may have put there, the event must come again and not be taken for broken."""
    error = json.dumps({"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slow down"}})
    with bad_server(answer(error, "429 Too Many Requests", f"Retry-After: {said}\r\n")) as server:
        reads = StripeReads(client(server.url), ("FREE", "PRO"), livemode=False)
        with pytest.raises(StripeBusy) as busy:
            reads.session_of_payment(PaymentIntentId("pi_1"))
    assert busy.value.retry_after == understood


@pytest.mark.parametrize(
    ("change", "barred"),
    [
        ({}, None),
        ({"recurring": None}, None),
        ({"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}, "metered"),
        ({"billing_scheme": "tiered", "unit_amount": None}, "tiered"),
        ({"custom_unit_amount": {"minimum": 500}, "unit_amount": None}, "custom_amount"),
        ({"transform_quantity": {"divide_by": 10, "round": "up"}}, "packaged"),
        ({"unit_amount": None, "unit_amount_decimal": "0.5"}, "fractional"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_price_that_a_quantity_does_not_sell_has_no_amount_and_is_not_shown(
    change: dict[str, Any], barred: str | None
) -> None:
    """A checkout of ours always names a quantity, which metered usage must not have
    (https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-line_items-quantity).
    """
    price = price_of(PRICE | change, None, ("FREE", "PRO"))
    assert (price.barred, price.unit_amount) == (barred, None if barred else 1200)
    assert len(catalog_answer([price]).prices) == (0 if barred else 1)


def test_what_costs_nothing_is_sold() -> None:
    price = price_of(PRICE | {"unit_amount": 0}, None, ("FREE", "PRO"))
    assert (price.barred, price.unit_amount) == (None, 0)


@pytest.mark.parametrize("currency", ["eur", "jpy", "kwd"])
def test_an_amount_is_stripes_own_whatever_the_decimals_of_its_currency(currency: str) -> None:
    """In its smallest unit, of which a yen has one and a dinar a thousand (https://docs.stripe.com/currencies)."""
    price = price_of(PRICE | {"currency": currency, "unit_amount": 1200}, None, ("FREE", "PRO"))
    assert (price.unit_amount, price.amount_in(currency)) == (1200, 1200)


def test_a_price_tells_its_currencies_its_period_and_the_key_that_is_broken() -> None:
    """The list of a price's currencies names its own as well."""
    options = {
        name: {"unit_amount": amount} for name, amount in (("usd", 1200), ("gbp", 999), ("eur", None), ("jpy", 0))
    }
    broken = {"plan_group": "storage", "plan": ""}
    price = price_of(PRICE | {"currency": "usd", "currency_options": options, "metadata": broken}, None, ("FREE",))
    assert (price.options, price.interval_count) == ({"gbp": 999, "jpy": 0}, 3)
    assert (price.broken_key, price.problem, price.gives.group) == (
        "plan",
        "plan must be 1 to 40 printable characters",
        "storage",
    )


def test_what_is_paid_through_is_looked_for_among_the_invoices_of_the_subscription_alone() -> None:
    """F55. Those of the customer's other plans, and of everybody else, say nothing of this one."""
    item = ITEM | {"price": PRICE}
    late = SUBSCRIPTION | {"object": "subscription", "status": "past_due", "items": {"data": [item]}}
    lists = {"/v1/subscriptions": [late], "/v1/invoices": []}
    asked: list[tuple[str, dict[str, list[str]]]] = []

    def play(connection: socket.socket) -> None:
        path, _, query = server.received[-1].decode().split(" ")[1].partition("?")
        asked.append((path, parse_qs(query)))
        answer(json.dumps({"object": "list", "data": lists[path], "has_more": False, "url": path}))(connection)

    with bad_server(play) as server:
        reads = StripeReads(client(server.url), ("FREE", "PRO"), livemode=False)
        assert [found.id for found in reads.snapshot([CUSTOMER], Touched()).subscriptions] == ["sub_1"]
    (_, of_customer), (path, wanted) = asked
    assert (of_customer["customer"], of_customer["status"]) == ([CUSTOMER], ["all"])
    assert (path, wanted["subscription"], wanted["status"]) == ("/v1/invoices", ["sub_1"], ["paid"])
