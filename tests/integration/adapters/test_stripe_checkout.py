"""Customers and sessions: what Stripe is told, how often, and what becomes of its failures."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.client import stripe_client
from billing.config import StripeAccess
from billing.domain.ids import CustomerId, SessionId, UserId
from billing.domain.order import Order
from billing.errors import Misconfigured, StripeBusy, StripeRefused, StripeUnavailable
from tests.integration.adapters.stripe_side import API, APP, NUMBERS, StripeSide
from tests.unit.billing.adapters.http_servers import answer, bad_server


def user() -> UserId:
    return UserId(f"buyer{next(NUMBERS)}")


def metadata(obj: Any) -> dict[str, str]:
    found: dict[str, str] = obj.metadata.to_dict()
    return found


def told(order: Order) -> dict[str, str]:
    """What every object of a checkout carries: hints for a look-up and for the log, never proof of anything."""
    return {"user_id": "alice", "order_id": order.id, "correlation_id": order.id}


def test_a_customer_carries_the_user_and_the_address(side: StripeSide) -> None:
    name = user()
    made = side.sessions.create_customer(name, "ada@example.com", f"customer:{name}:1")
    customer = side.v1.customers.retrieve(made)
    assert (customer.email, metadata(customer)) == ("ada@example.com", {"user_id": name})


def test_a_customer_without_an_address(side: StripeSide) -> None:
    name = user()
    made = side.sessions.create_customer(name, None, f"customer:{name}:1")
    assert side.v1.customers.retrieve(made).email is None


def test_the_same_key_gives_the_same_customer(side: StripeSide) -> None:
    name = user()
    twice = {side.sessions.create_customer(name, None, f"customer:{name}:1") for _ in range(2)}
    assert len(twice) == 1
    assert side.sessions.create_customer(name, None, f"customer:{name}:2") not in twice


def test_a_session_for_a_payment(side: StripeSide) -> None:
    order, customer = side.order(side.price(), quantity=2), side.customer()
    made = side.open(order, customer)
    session = side.v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items"]})
    assert (made.url, made.expires_at) == (session.url, datetime.fromtimestamp(session.expires_at, UTC))
    assert made.expires_at == order.expires_at.replace(microsecond=0)
    assert (session.mode, session.customer, session.client_reference_id) == ("payment", customer, order.id)
    assert metadata(session) == told(order)
    assert session.currency == order.currency
    assert session.line_items is not None
    assert [(item.price and item.price.id, item.quantity) for item in session.line_items.data] == [
        (order.lines[0].price_id, 2)
    ]
    side.pay(made)
    paid = side.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert metadata(paid.payment_intent) == told(order)


def test_a_session_for_a_subscription(side: StripeSide) -> None:
    order = side.order(side.price(interval="month"), mode="subscription")
    made = side.open(order, side.customer())
    side.pay(made)
    paid = side.v1.checkout.sessions.retrieve(made.id, {"expand": ["subscription"]})
    assert paid.mode == "subscription"
    assert metadata(paid.subscription) == told(order)


@pytest.mark.parametrize(
    ("api", "success"),
    [
        (API, f"{API}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"),
        ("", f"{APP}/checkout/return?session_id={{CHECKOUT_SESSION_ID}}"),
    ],
)
def test_the_way_back_is_made_of_configured_origins(side: StripeSide, api: str, success: str) -> None:
    """S12: nothing of the request can be in it."""
    sessions = StripeSessions(side.sdk, APP, api)
    order = side.order(side.price())
    made = sessions.create_session(order, side.customer(), f"checkout:{order.id}")
    session = side.v1.checkout.sessions.retrieve(made.id)
    assert (session.success_url, session.cancel_url) == (success, f"{APP}/checkout/canceled")


def test_the_same_key_gives_the_same_session(side: StripeSide) -> None:
    order, customer = side.order(side.price()), side.customer()
    assert side.open(order, customer) == side.open(order, customer)


def test_one_session_is_one_request(side: StripeSide) -> None:
    order, customer = side.order(side.price()), side.customer()
    side.requests.clear()
    side.open(order, customer)
    assert side.requests == ["POST /v1/checkout/sessions"]


def test_a_key_of_another_order_is_refused(side: StripeSide) -> None:
    """F25: the key is derived from what it stands for, so this is a fault of ours and never a retry."""
    order, customer = side.order(side.price()), side.customer()
    side.open(order, customer)
    other = side.order(side.price(), id=order.id)
    with pytest.raises(StripeRefused) as raised:
        side.open(other, customer)
    assert raised.value.key_reused


@pytest.mark.parametrize("account", [None, "acct_1Connected"])
def test_requests_act_on_the_configured_account(account: str | None) -> None:
    with bad_server(answer('{"id": "cus_1", "object": "customer"}')) as server:
        client = stripe_client(StripeAccess(server.url, "key", livemode=False, account=account), "sk_test_plumbline")
        StripeSessions(client, APP, API).create_customer(user(), None, "customer:1")
    (request,) = server.received
    head = request.lower().split(b"\r\n\r\n")[0]
    assert (b"stripe-account: acct_1connected" in head) is (account is not None)
    assert (b"stripe-account" in head) is (account is not None)


def test_a_customer_that_is_gone_is_named(side: StripeSide) -> None:
    """start_checkout makes a new customer when this is the parameter that Stripe refuses."""
    customer = side.customer()
    side.v1.customers.delete(customer)
    with pytest.raises(StripeRefused) as raised:
        side.open(side.order(side.price()), customer)
    assert (raised.value.param, raised.value.key_reused) == ("customer", False)
    with pytest.raises(StripeRefused) as raised:
        side.open(side.order(side.price()), CustomerId("cus_nobody"))
    assert (raised.value.param, raised.value.stripe_code) == ("customer", "resource_missing")


# ------------------------------------------------------------------------------------------ open, paid and expired


def test_an_open_session_is_open_until_it_is_expired(side: StripeSide) -> None:
    session = side.open(side.order(side.price()), side.customer())
    assert side.sessions.is_open(session.id)
    assert side.sessions.expire_session(session.id)
    assert not side.sessions.is_open(session.id)
    assert not side.sessions.expire_session(session.id)


def test_a_paid_session_can_not_be_expired(side: StripeSide) -> None:
    _, session = side.bought(side.price())
    assert not side.sessions.is_open(session)
    assert not side.sessions.expire_session(session)
    assert side.v1.checkout.sessions.retrieve(session).payment_status == "paid"


def test_a_session_that_was_never_made_is_not_expired(side: StripeSide) -> None:
    assert not side.sessions.expire_session(SessionId("cs_test_nobody"))


# -------------------------------------------------------------------------------------------------------- failures


def test_one_failure_is_ridden_out(side: StripeSide) -> None:
    """A 500 without the key's answer being saved for good: the SDK's own retry is enough, or the next key."""
    order, customer = side.order(side.price()), side.customer()
    side.control("faults", fail=1, status=500)
    made = side.open(order, customer)
    assert side.v1.checkout.sessions.retrieve(made.id).client_reference_id == order.id


def test_a_saved_failure_is_left_behind_by_the_next_key(side: StripeSide) -> None:
    """F26: Stripe replays the 500 of this key for a day; whoever retries must come out at the same session."""
    order, customer = side.order(side.price()), side.customer()
    side.control("faults", fail=2, status=500)
    first = side.open(order, customer)
    assert side.open(order, customer) == first
    sessions = side.v1.checkout.sessions.list({"customer": customer}).data
    assert [session.id for session in sessions] == [first.id]


def test_failures_without_end_are_retryable(side: StripeSide) -> None:
    order, customer = side.order(side.price()), side.customer()
    side.control("faults", fail=50, status=503)
    with pytest.raises(StripeUnavailable) as raised:
        side.open(order, customer)
    assert raised.value.ids["status"] == 503


def test_being_asked_to_slow_down_says_how_long(side: StripeSide) -> None:
    order, customer = side.order(side.price()), side.customer()
    side.control("faults", fail=50, status=429)
    with pytest.raises(StripeBusy) as raised:
        side.open(order, customer)
    assert raised.value.retry_after is not None
    assert raised.value.retry_after > 0


def test_a_hanging_stripe_is_given_up_within_a_functions_life(side: StripeSide) -> None:
    """F27. Twice five seconds and a pause, well below the 20 seconds of the function."""
    customer = side.customer()
    order = side.order(side.price())
    side.control("faults", fail=2, status=0, hang_seconds=30)
    started = time.monotonic()
    with pytest.raises(StripeUnavailable):
        side.open(order, customer)
    assert 9 < time.monotonic() - started < 14


def test_nobody_listening_is_retryable() -> None:
    nowhere = stripe_client(
        StripeAccess("http://127.0.0.1:1", "key", livemode=False, account=None), "sk_test_plumbline"
    )
    with pytest.raises(StripeUnavailable):
        StripeSessions(nowhere, APP, API).is_open(SessionId("cs_test_1"))


def test_a_wrong_key_waits_for_a_person(side: StripeSide) -> None:
    """The stand-in knows no `sk_test_` key that is wrong, so ask Stripe's own answer: 401 for another kind."""
    client = stripe_client(StripeAccess(side.url, "key", livemode=True, account=None), "sk_live_" + "canary7f3a9c")
    with pytest.raises(StripeUnavailable) as raised:
        StripeSessions(client, APP, API).is_open(SessionId("cs_test_1"))
    assert raised.value.ids == {"status": 401}
    assert "7f3a9c" not in str(raised.value)


@pytest.mark.parametrize(
    ("livemode", "key"),
    [
        (False, "sk_live_" + "canary7f3a9c"),
        (False, "rk_live_" + "canary7f3a9c"),
        (True, "sk_test_canary7f3a9c"),
        (True, "rk_test_canary7f3a9c"),
        (False, "pk_test_canary7f3a9c"),
        (False, "whsec_canary7f3a9c"),
        (False, ""),
    ],
)
def test_a_key_of_another_mode_is_refused_at_the_start(livemode: bool, key: str) -> None:
    """S28."""
    with pytest.raises(Misconfigured) as raised:
        stripe_client(StripeAccess("https://api.stripe.com", "plumbline/key", livemode, None), key)
    assert "plumbline/key" in raised.value.message
    assert "7f3a9c" not in raised.value.message


def test_the_expiry_that_stripe_allows(side: StripeSide) -> None:
    """30 minutes to 24 hours: an order a minute short of it is refused by Stripe, not made shorter by us."""
    order = side.order(side.price(), expires_at=side.now() + timedelta(minutes=5))
    with pytest.raises(StripeRefused) as raised:
        side.open(order, side.customer())
    assert raised.value.param == "expires_at"
