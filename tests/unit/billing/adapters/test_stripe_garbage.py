"""Answers of Stripe that are JSON and not what was asked for: a proxy's, or half of one (S27)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from stripe import StripeObject

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.domain.ids import CustomerId, PaymentIntentId, PriceId, SessionId, SubscriptionId, UserId
from billing.errors import MalformedObject, StripeUnavailable
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER, an_order
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.billing.adapters.stripe_wire import exchanged
from tests.unit.billing.adapters.test_stripe_adapter import PRICE, SESSION, client
from tests.unit.billing.adapters.test_stripe_plan_changes import CHANGE, NOW_SECONDS, bill, line, plans

LEVELS = ("FREE", "PRO")
ASKED: dict[str, Callable[[Any], Any]] = {
    "a session": lambda api: StripeReads(api, LEVELS, livemode=False).snapshot(
        [], Touched(sessions=frozenset({SessionId("cs_1")}))
    ),
    "subscriptions": lambda api: StripeReads(api, LEVELS, livemode=False).snapshot([CustomerId("cus_1")], Touched()),
    "a customer": lambda api: StripeReads(api, LEVELS, livemode=False).snapshot(
        [], Touched(customers=frozenset({CUSTOMER}))
    ),
    "a payment's session": lambda api: StripeReads(api, LEVELS, livemode=False).session_of_payment(
        PaymentIntentId("pi_1")
    ),
    "a price": lambda api: StripeCatalog(api, LEVELS).price(PriceId("price_1")),
    "a price by its key": lambda api: StripeCatalog(api, LEVELS).price_by_lookup_key("pro"),
    "prices": lambda api: StripeCatalog(api, LEVELS).active_prices(),
    "a live subscription": lambda api: StripePlanChanges(api, LEVELS).live(SubscriptionId("sub_1")),
    "customers": lambda api: StripeSessions(api, "https://app", "").customers_of("alice@example.com"),
    "a new customer": lambda api: StripeSessions(api, "https://app", "").create_customer(UserId("alice"), None, "key"),
    "a new session": lambda api: StripeSessions(api, "https://app", "").create_session(an_order(), CUSTOMER, "key"),
    "whether a session is open": lambda api: StripeSessions(api, "https://app", "").is_open(SessionId("cs_1")),
}
GARBAGE = ("null", "[]", "{}", "7", '"text"', '{"object": "list"}', '{"object": "list", "data": 5}', '[{"id": "cs_1"}]')


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
def test_garbage_is_told_as_stripes_and_as_nothing_else(ask: Callable[[Any], Any]) -> None:
    """Else it would be an internal error to a buyer, and to the consumer one that nobody foresaw."""
    for text in GARBAGE:
        with bad_server(answer(text)) as server:
            try:
                ask(client(server.url))
            except (StripeUnavailable, MalformedObject):
                continue
            assert ask is ASKED["a customer"], text  # one that says nothing of it was not deleted


def test_an_answer_that_is_no_object_may_be_another_the_next_time() -> None:
    """The event waits in the queue, the buyer is told to try again."""
    for text in ("null", "[]"):
        with bad_server(answer(text)) as server, pytest.raises(StripeUnavailable):
            ASKED["a session"](client(server.url))


@pytest.mark.parametrize("name", ["a price", "a price by its key", "prices"])
def test_a_number_that_the_sdk_can_not_make_is_a_malformed_object(name: str) -> None:
    """`unit_amount_decimal` is a text to Stripe, and a Decimal to stripe-python 16.1.0."""
    price = PRICE | {"unit_amount_decimal": "twelve"}
    listed = {"object": "list", "data": [price], "has_more": False, "url": "/v1/prices"}
    told = answer(json.dumps(price if name == "a price" else listed))
    with bad_server(told) as server, pytest.raises(MalformedObject):
        ASKED[name](client(server.url))


@pytest.mark.parametrize("made", [int, Decimal, datetime.fromisoformat])
def test_whatever_the_sdk_can_not_make_of_a_text_is_a_malformed_object(made: Callable[[str], object]) -> None:
    with pytest.raises(MalformedObject), translated():
        made("twelve")


def test_what_the_sdk_stumbles_over_is_told_in_short() -> None:
    with pytest.raises(MalformedObject) as refused, translated():
        raise ValueError("x" * 300)
    assert refused.value.ids == {"reason": f"ValueError('{'x' * 188}"}
    with pytest.raises(StripeUnavailable) as lacking, translated():
        _ = StripeObject().nothing  # type: ignore[attr-defined]
    assert lacking.value.ids == {"reason": "nothing"}


@pytest.mark.parametrize(("field", "value"), [("id", None), ("url", 5), ("client_secret", []), ("expires_at", "soon")])
def test_a_new_session_with_a_field_of_another_type_is_not_handed_out(field: str, value: object) -> None:
    with bad_server(answer(json.dumps(SESSION | {field: value}))) as server, pytest.raises(MalformedObject):
        ASKED["a new session"](client(server.url))


def test_a_mistake_of_our_own_is_not_taken_for_stripes() -> None:
    with pytest.raises(AttributeError), translated():
        _ = Touched().nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"period": {"start": None, "end": NOW_SECONDS}}, "UnfitError('period.start')"),
        ({"period": {"start": NOW_SECONDS, "end": None}}, "UnfitError('period.end')"),
        ({"amount": "1.5"}, "UnfitError('amount')"),
        ({"discount_amounts": [{}]}, "KeyError('amount')"),
    ],
)
def test_a_bill_that_can_not_be_read_is_shown_to_nobody(given: dict[str, Any], told: str) -> None:
    """S27."""
    refused, _ = exchanged(bill(line(1) | given), lambda url: plans(url).preview(CHANGE))
    assert isinstance(refused, MalformedObject)
    assert str(refused) == "a invoice preview of Stripe can't be read"
    assert refused.ids["reason"] == told
