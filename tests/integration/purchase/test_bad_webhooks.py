"""Webhooks that are forged, broken or not ours, over real HTTP.

What is not verified is a 400; what is verified and can't be used is a 2xx and counted; what is not ours is recorded as
such, once, with no effect (F30, F32, F65; S01, S02, S04).
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from tests.fakes.stripe_signature import sign
from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

MEGABYTE = 1024 * 1024
TYPE = "checkout.session.completed"
UNKNOWN = "cus_nobodysown"


@pytest.fixture(scope="module")
def event() -> dict[str, Any]:
    """An event of a foreign session: harmless itself, and the base of what is sent here."""
    return {
        "id": "evt_badwebhook",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "type": TYPE,
        "data": {"object": {"id": "cs_test_foreign", "object": "checkout.session", "customer": None, "metadata": {}}},
    }


@pytest.fixture(autouse=True)
def no_trace(stack: Stack) -> Iterator[None]:
    logs = Logs(stack)
    yield
    assert logs.traces() == []


# Not verified: 400, nothing stored

BODY = json.dumps({"id": "evt_refused", "object": "event", "type": TYPE}).encode()


def refused(secret: str) -> dict[str, tuple[bytes, bytes | None, str]]:
    """Name: (body, Stripe-Signature, code)."""
    now = int(time.time())
    good = sign(BODY, secret, now)
    digest = good.partition("v1=")[2]
    bad = "invalid_signature"
    rows: dict[str, tuple[bytes, str | None, str]] = {
        "missing": (BODY, None, bad),
        "empty": (BODY, "", bad),
        "old": (BODY, sign(BODY, secret, now - 310), bad),
        "of the future": (BODY, sign(BODY, secret, now + 310), bad),
        "wrong": (BODY, sign(BODY, "whsec_of_somebody_else", now), bad),
        "by an empty secret": (BODY, sign(BODY, "", now), bad),
        "of another body": (BODY + b" ", good, bad),
        "doubled with a comma": (BODY, f"{good},{good}", bad),
        "two times": (BODY, f"t={now - 9999},{good}", bad),
        "v0 only": (BODY, f"t={now},v0={digest}", bad),
        "in capitals": (BODY, f"t={now},v1={digest.upper()}", bad),
        "cut": (BODY, good[:-1], bad),
        "not ASCII": (BODY, f"t={now},v1=\u00e9{digest[1:]}", bad),
        "no time": (BODY, f"v1={digest}", bad),
        "a time of 4,000 digits": (BODY, f"t={'1' * 4000},v1={digest}", bad),
        "a time in words": (BODY, f"t=now,v1={digest}", bad),
        "17 signatures": (BODY, f"t={now}" + f",v1={'0' * 64}" * 16 + f",v1={digest}", bad),
        "a header of 30 KB": (BODY, good + ",v0=" + "0" * 30_000, bad),
        "a body of over 1 MB, signed": (
            b" " * (MEGABYTE + 1),
            sign(b" " * (MEGABYTE + 1), secret, now),
            "body_too_large",
        ),
        "a body of over 1 MB": (b"x" * (MEGABYTE + 1), good, "body_too_large"),
        "no body": (b"", good, bad),
        "not UTF-8": (b"\xff\xfe", good, bad),
        "deep nesting": (b"[" * 100_000, good, bad),
    }
    return {
        name: (body, text.encode("latin-1") if text is not None else None, code)
        for name, (body, text, code) in rows.items()
    }


@pytest.mark.parametrize("name", refused("whsec_for_the_names_only"))
def test_what_is_not_verified_is_refused(name: str, shop: Shop, books: Books, logs: Logs) -> None:
    before = books.everything()
    body, signature, code = refused(shop.stack.webhook_secret)[name]
    headers = [(b"content-type", b"application/json")]
    if signature is not None:
        headers.append((b"stripe-signature", signature))
    answer = shop.http.post(f"{shop.stack.api_url}/webhooks/stripe", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == code
    assert answer.json().keys() == {"error"}
    assert books.messages() == 0
    assert books.everything() == before
    assert logs.said("queued") == []


def test_two_signature_headers_are_refused(shop: Shop) -> None:
    """The gateway joins them with a comma; the one must not vouch for the other."""
    good = sign(BODY, shop.stack.webhook_secret, int(time.time())).encode()
    headers = [(b"content-type", b"application/json"), (b"stripe-signature", good), (b"stripe-signature", good)]
    answer = shop.http.post(f"{shop.stack.api_url}/webhooks/stripe", content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_signature")


# Verified, and of no use: 2xx and counted, nothing stored

UNUSABLE: dict[str, bytes] = {
    "an empty list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a string": b'"evt_1"',
    "an empty object": b"{}",
    "no JSON": b"{",
    "nothing": b" ",
    "NaN": b'{"id": NaN}',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "an integer of 5,000 digits": b'{"created": ' + b"1" * 5000 + b"}",
    "an id with a separator": json.dumps({"id": "evt_1#2", "object": "event", "type": TYPE}).encode(),
    "no object": json.dumps({"id": "evt_1", "object": "event", "type": TYPE, "data": {}}).encode(),
    "a thin event": json.dumps({"id": "evt_1", "object": "v2.core.event", "type": TYPE}).encode(),
    "a type that is no text": b'{"id": "evt_1", "object": "event", "type": ["x"]}',
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_is_signed_but_unusable_is_accepted_and_counted(body: bytes, shop: Shop, books: Books, logs: Logs) -> None:
    before = books.everything()
    answer = shop.deliver_bytes(body)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    logs.one("event unusable")
    until("it is counted", lambda: "EventsUnusable" in logs.text("WebhookFunction"))
    assert books.messages() == 0
    assert books.everything() == before


def test_signed_bytes_that_are_not_utf_8(shop: Shop, books: Books, logs: Logs) -> None:
    """Of a type that the gateway hands on as bytes; as JSON it would replace them, and no signature would fit."""
    body = b'{"id": "\xff"}'
    signature = sign(body, shop.stack.webhook_secret, int(time.time()))
    headers = {"stripe-signature": signature, "content-type": "application/octet-stream"}
    answer = shop.webhook(body, headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert logs.one("event unusable")["reason"] == "encoding"
    as_json = shop.webhook(body, {"stripe-signature": signature})
    assert (as_json.status_code, as_json.json()["error"]["code"]) == (400, "invalid_signature")
    assert books.messages() == 0


def test_duplicate_names_in_a_signed_body(event: dict[str, Any], shop: Shop, books: Books) -> None:
    """The last one counts, as for Stripe's own SDK; a payload is only a hint."""
    text = json.dumps(event | {"id": "evt_last"}).replace(
        '{"id": "evt_last"', '{"id": "evt_first", "id": "evt_last"', 1
    )
    assert shop.deliver_bytes(text.encode()).status_code == 200
    books.wait_until_drained()
    assert books.event("evt_last") is not None
    assert books.event("evt_first") is None


def test_a_type_that_we_do_not_handle(event: dict[str, Any], shop: Shop, books: Books, logs: Logs) -> None:
    before = books.everything()
    assert shop.deliver(event | {"type": "product.created"}).json() == {"ok": True}
    assert logs.one("event ignored")["event_type"] == "product.created"
    until("it is counted", lambda: "WebhooksIgnored" in logs.text("WebhookFunction"))
    assert books.messages() == 0
    assert books.everything() == before


# Ours to record, without effect


@pytest.fixture(scope="module")
def unpaid(shop: Shop) -> Checkout:
    return shop.checkout("bad-webhooks")


def outcome(shop: Shop, books: Books, event: dict[str, Any]) -> tuple[str, str]:
    assert shop.deliver(event).status_code == 200
    books.wait_until_drained()
    record = books.event(event["id"])
    assert record is not None
    return record["outcome"], record["reason"]


def test_an_event_of_the_other_mode_is_quarantined(unpaid: Checkout, shop: Shop, books: Books) -> None:
    """Even when it names a session of ours that has been paid by now."""
    shop.control("faults", drop=1000)
    shop.pay(unpaid)
    shop.control("faults", drop=0)
    live = shop.completed_event(unpaid) | {"id": "evt_live", "livemode": True}
    before = books.everything()
    assert outcome(shop, books, live) == ("QUARANTINED", "wrong_mode")
    assert "expires_at" not in (books.event("evt_live") or {})
    after = books.everything()
    assert (after["AccountsTable"], after["LedgerTable"]) == (before["AccountsTable"], before["LedgerTable"])
    assert outcome(shop, books, live | {"livemode": False})[0] == "APPLIED"  # F53: sent again it is moved, once
    books.check(unpaid.user, balance=500, kinds=["PURCHASE"])


def test_an_event_of_another_account_is_quarantined(event: dict[str, Any], shop: Shop, books: Books) -> None:
    other = event | {"id": "evt_connect", "account": "acct_1Somebody"}
    assert outcome(shop, books, other) == ("QUARANTINED", "wrong_account")


def test_a_foreign_payment_changes_no_account(event: dict[str, Any], shop: Shop, books: Books) -> None:
    """Of a payment link, or of another app on the same Stripe account."""
    before = books.everything()
    assert outcome(shop, books, event | {"id": "evt_foreign"}) == ("IGNORED", "foreign payment")
    after = books.everything()
    assert (after["AccountsTable"], after["LedgerTable"]) == (before["AccountsTable"], before["LedgerTable"])


def test_a_true_strangers_payment(shop: Shop, books: Books) -> None:
    """A customer and a session that exist at Stripe, made by somebody else's program on the same account."""
    customer = shop.stripe("POST", "customers", email="stranger@example.com")["id"]
    price = shop.stripe("GET", "prices", **{"lookup_keys[]": "credits_500"})["data"][0]["id"]
    form = {"mode": "payment", "customer": customer, "success_url": "https://example.com/"}
    made = shop.stripe(
        "POST", "checkout/sessions", **form, **{"line_items[0][price]": price, "line_items[0][quantity]": 1}
    )
    session = Checkout("stranger", made["id"], made["url"])
    shop.pay(session)
    record = until("it is recorded", lambda: books.event(shop.completed_event(session)["id"]))
    assert (record["outcome"], record["reason"]) == ("IGNORED", "foreign payment")
    shop.settle(books)
    assert books.account("stranger") is None


def test_an_event_of_an_unknown_customer_is_parked(event: dict[str, Any], shop: Shop, books: Books) -> None:
    target = {"id": "sub_nobodys", "object": "subscription", "customer": UNKNOWN, "metadata": {}}
    parked = event | {"id": "evt_parked", "type": "customer.subscription.updated", "data": {"object": target}}
    assert outcome(shop, books, parked) == ("PARKED", "the customer has no owner")
    assert "expires_at" not in (books.event("evt_parked") or {})
    assert shop.deliver(parked).json() == {"ok": True}  # no mark: it can be tried again at any time
    books.wait_until_drained()


def test_an_order_that_does_not_exist(event: dict[str, Any], shop: Shop, books: Books) -> None:
    """Anybody can write an order id into the metadata of a payment link: it is looked up, not believed (F35, F65)."""
    target = {**event["data"]["object"], "metadata": {"order_id": "ord_forged", "user_id": "bad-webhooks"}}
    forged = event | {"id": "evt_order", "data": {"object": target}}
    assert outcome(shop, books, forged) == ("IGNORED", "foreign payment")
