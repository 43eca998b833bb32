"""The logs of a purchase: one JSON line for each step, joined by ids from hop to hop, and nothing personal or secret.

F01, F10, F19, F23; S16, S17.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from tests.fakes.stripe_signature import sign
from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import FUNCTIONS, Logs
from tests.integration.purchase.shop import DECLINED, PAYS, Checkout, Shop, opened
from tests.integration.purchase.wait import until

WEBHOOK, CONSUMER, SUCCESS, CHECKOUT = (
    "WebhookFunction",
    "EventConsumerFunction",
    "SuccessSyncFunction",
    "CreateCheckoutFunction",
)


@pytest.fixture
def stripe_down(shop: Shop) -> Iterator[None]:
    shop.control("faults", fail=100_000, status=503)
    yield
    shop.control("faults", fail=0)


def test_every_step_has_its_line_and_the_ids_join_them(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    checkout = shop.buy(user)
    books.wait_for_ledger(user, entries=1)
    shop.settle(books)
    event = shop.completed_event(checkout)["id"]
    order = (books.purchase(checkout.session_id) or {})["order"]

    received = logs.one("event received", WEBHOOK, event_id=event)
    queued = logs.one("queued", WEBHOOK, event_id=event)
    recorded = logs.one("event recorded", CONSUMER, event_id=event)
    written = logs.one("ledger entry written", CONSUMER, user_id=user)
    assert {line["correlation_id"] for line in (received, queued, recorded, written)} == {order}
    for line in (received, queued, recorded):
        assert line["session_id"] == checkout.session_id
        assert line["event_type"] == "checkout.session.completed"
    assert received["order_id"] == order
    assert received["request_id"] == queued["request_id"]
    assert recorded["user_id"] == user

    assert (written["kind"], written["amount"], written["balance"]) == ("PURCHASE", 500, 500)
    assert written["stripe_object"] == checkout.session_id
    cause = written["event_id"]  # any event of the payment may have come first
    assert logs.one("event recorded", CONSUMER, event_id=cause)["outcome"] == "APPLIED"

    converged = logs.one("converged", CONSUMER, request_id=written["request_id"], changed=True)
    assert (converged["user_id"], converged["balance"]) == (user, 500)
    updated = logs.one("cache updated", CONSUMER, request_id=written["request_id"], user_id=user)
    assert updated["version"] == converged["version"]


def test_the_checkout_and_the_success_page_are_part_of_it(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    shop.stack.freeze("poller")
    try:
        checkout = shop.buy(user)
        assert shop.success(checkout).status_code == 200
    finally:
        shop.stack.thaw("poller")
    shop.settle(books)
    order = (books.purchase(checkout.session_id) or {})["order"]
    started = [line for line in logs.lines(CHECKOUT) if line.get("session_id") == checkout.session_id]
    assert {line["user_id"] for line in started} == {user}
    assert order in {line["correlation_id"] for line in started}
    written = logs.one("ledger entry written", user_id=user)
    assert (written["service"], written["amount"], written["correlation_id"]) == ("success_sync", 500, order)
    assert "event_id" not in written
    logs.one("cache updated", SUCCESS, user_id=user, request_id=written["request_id"])
    event = shop.completed_event(checkout)["id"]
    assert logs.one("event recorded", CONSUMER, event_id=event)["outcome"] == "NOOP"


def test_a_failure_says_why_and_whether_it_is_tried_again(
    shop: Shop, books: Books, logs: Logs, user: str, request: pytest.FixtureRequest
) -> None:
    checkout = shop.checkout(user)
    request.getfixturevalue("stripe_down")
    shop.pay(checkout)
    event = until(
        "Stripe made the event", lambda: next(iter(logs.said("queued", session_id=checkout.session_id)), None)
    )
    failed = until("it failed", lambda: next(iter(logs.said("failed", CONSUMER, event_id=event["event_id"])), None))
    assert (failed["level"], failed["code"], failed["retryable"]) == ("ERROR", "stripe_unavailable", True)
    assert failed["reason"]
    assert failed["correlation_id"] == event["correlation_id"]
    answer = shop.success(checkout)
    assert answer.status_code == 503
    refused = logs.one("request failed", SUCCESS)
    assert (refused["code"], refused["status"], refused["retryable"]) == ("stripe_unavailable", 503, True)


def test_every_line_of_every_function_is_json(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    checkout = shop.buy(user)
    shop.success(checkout)
    shop.get("/account", user)
    shop.settle(books)
    for name in FUNCTIONS:
        for line in logs.text(name).splitlines():
            entry = json.loads(line)
            assert "_aws" in entry or entry.keys() >= {"level", "message", "timestamp", "service", "request_id"}, line


# Nothing personal, nothing secret

EMAIL = "canary-mail@private.example"
TYPED = "canary-typed-value"


def test_no_canary_is_ever_in_a_log(stack: Stack, shop: Shop, books: Books, logs: Logs, user: str) -> None:
    """A whole purchase with what goes wrong on the way; then every part's log is searched."""
    token = stack.issuer.sign({"sub": user, "email": EMAIL, "email_verified": True})
    me = {"authorization": f"Bearer {token}"}
    api = stack.api_url
    bad: list[dict[str, Any]] = [{"lookupKey": TYPED}, {"lookupKey": "credits_500", "note": TYPED}, {"quantity": TYPED}]
    for body in bad:
        assert 400 <= shop.http.post(f"{api}/checkout/sessions", json=body, headers=me).status_code < 500
    checkout = opened(user, shop.http.post(f"{api}/checkout/sessions", json={"lookupKey": "credits_500"}, headers=me))
    shop.pay(checkout, DECLINED, wanted=402)
    _pay_and_return_while_stripe_is_down(shop, checkout, me)
    assert shop.http.post(f"{api}/checkout/success", json={"sessionId": checkout.session_id}, headers=me).is_success
    for path in ("/account", "/credits", "/entitlements", "/credits/transactions", "/catalog"):
        assert shop.http.get(api + path, headers=me).is_success
    shop.settle(books)
    event = shop.completed_event(checkout)
    signature = _hostile_webhooks(shop, event)
    books.check(user, balance=500, kinds=["PURCHASE"])

    everything = logs.everything()
    assert checkout.session_id in everything  # the logs that are searched are the right ones
    secrets = [stack.webhook_secret, stack.stripe_key, stack.upstash_token, token.rsplit(".", 1)[1], signature]
    for canary in (EMAIL, TYPED, PAYS, "4242 4242", DECLINED, "Canaryname", *secrets):
        assert canary not in everything, f"{canary[:12]}… is in a log"


def _pay_and_return_while_stripe_is_down(shop: Shop, checkout: Checkout, me: dict[str, str]) -> None:
    """The success page fails, also for a token that was tampered with."""
    url = f"{shop.stack.api_url}/checkout/success"
    shop.stack.freeze("poller")  # the consumer would fail too, and try again much later
    shop.pay(checkout, PAYS)
    shop.control("faults", fail=100_000, status=503)
    answer = shop.http.post(url, json={"sessionId": checkout.session_id}, headers=me)
    shop.control("faults", fail=0)
    shop.stack.thaw("poller")
    assert answer.status_code == 503
    forged = {"authorization": me["authorization"][:-4] + "AAAA"}
    assert shop.http.post(url, json={}, headers=forged).status_code == 401


def _hostile_webhooks(shop: Shop, event: dict[str, Any]) -> str:
    """A wrong signature, a replay, and what is signed but of no use or of another mode; return a used signature."""
    target = {**event["data"]["object"], "customer_email": EMAIL, "metadata": {"note": TYPED}}
    other = event | {"id": "evt_canary", "livemode": True, "data": {"object": target}}
    body = json.dumps(other).encode()
    signature = sign(body, shop.stack.webhook_secret, int(time.time()))
    assert shop.webhook(body, {"stripe-signature": signature}).status_code == 200
    assert shop.webhook(body + b" ", {"stripe-signature": signature}).status_code == 400
    assert shop.deliver({"id": EMAIL, "object": "event", "type": TYPED}).status_code == 200
    assert shop.deliver_bytes(f'{{"{EMAIL}": '.encode()).status_code == 200
    assert shop.deliver(event).status_code == 200
    return signature.partition("v1=")[2]
