"""The webhook, from the bytes of a delivery to its answer and the queue: good input, bad input, and what fails
behind it.

F01, F08, F19, F30, F32, F33, F52; S01-S05, S16, S17, S23. The signature is a real HMAC; only the world behind is
faked.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.events import HANDLED
from billing.domain.ids import EventId
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.services.accept_event import MAX_BODY
from tests.fakes.lambda_events import REQUEST_ID, http_event
from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import BODY, FIXTURES, NOW, OLD_SECRET, OLDER_SECRET, PAYLOAD, SECRET, Edge, T, new_edge
from tests.fakes.world import FakeCache, FakeClock


@pytest.fixture
def edge() -> Edge:
    return new_edge()


def code(response: HttpResponse) -> str:
    return json.loads(response["body"])["error"]["code"]


# --- good input


@pytest.mark.parametrize("encoded", [False, True], ids=["as text", "in base64"])
@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET, OLDER_SECRET], ids=["the new secret", "the old", "the oldest"])
def test_a_signed_event_is_queued_and_then_answered(edge: Edge, secret: str, encoded: bool) -> None:
    """F28: no event is refused meanwhile."""
    response = edge.deliver(secret=secret, encoded=encoded)
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"ok": True}
    [message] = edge.queue.messages
    assert message["id"] == PAYLOAD["id"]
    assert message["object"] == {"type": "checkout.session", "id": "cs_test_a1B2c3D4e5F6g7H8"}
    assert message["receivedAt"] == "2026-11-21T10:00:00Z"
    assert edge.log.messages == ["event received", "queued"]
    assert edge.log.lines[1].ids == {
        "event_id": PAYLOAD["id"],
        "event_type": "checkout.session.completed",
        "session_id": "cs_test_a1B2c3D4e5F6g7H8",
        "customer_id": "cus_RkPlumb0000001",
        "order_id": "ord_01JD3K5Q8Z",
        "correlation_id": "8f14e45f-ceea-467f-a8f0-5b1d2c3e4f5a",
    }
    assert edge.metrics.counts["WebhooksQueued{event_type=checkout.session.completed}"] == 1


def test_the_request_id_correlates_where_checkout_left_none(edge: Edge) -> None:
    edge.deliver((FIXTURES / "refund.failed.json").read_bytes())
    assert edge.queue.messages[0]["correlationId"] == REQUEST_ID


def test_bytes_are_verified_as_they_came(edge: Edge) -> None:
    """A body with spaces, escapes and an order of its own: anything that is re-serialised would not fit."""
    body = (
        '  { "b":1,\n\t"type" : "customer.updated" , "id":"evt_1", "object":"event","created":1795255200, '
        '"livemode":false,"data":{"object":{"object":"customer","id":"cus_1","name":"\\u00e9 é 😀"}}}  \r\n'
    ).encode()
    assert edge.deliver(body)["statusCode"] == 200
    assert edge.queue.messages[0]["customer"] == "cus_1"


def test_a_known_duplicate_is_answered_and_not_queued(edge: Edge) -> None:
    edge.cache.done.add(EventId(PAYLOAD["id"]))
    response = edge.deliver()
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"ok": True, "idempotent": True}
    assert edge.queue.bodies == []
    assert edge.log.messages == ["event received", "skipped replay"]
    assert edge.metrics.counts["WebhooksDuplicate"] == 1


def test_only_the_consumer_marks(edge: Edge) -> None:
    """A second delivery before the consumer is through is queued again: an extra message, never a lost event."""
    edge.deliver()
    edge.deliver()
    assert len(edge.queue.bodies) == 2
    assert edge.cache.done == set()


def test_without_redis_every_event_is_queued(edge: Edge) -> None:
    edge.cache.done.add(EventId(PAYLOAD["id"]))
    edge.cache.down = True
    assert edge.deliver()["statusCode"] == 200
    assert len(edge.queue.bodies) == 1


@pytest.mark.parametrize("kind", HANDLED)
def test_every_handled_type_is_queued(edge: Edge, kind: str) -> None:
    edge.deliver(json.dumps(PAYLOAD | {"type": kind}).encode())
    assert [message["type"] for message in edge.queue.messages] == [kind]


@pytest.mark.parametrize("kind", ["invoice.created", "v2.core.account[requirements].updated", "invoice.paid[x]", "x"])
def test_another_type_is_only_counted(edge: Edge, kind: str) -> None:
    response = edge.deliver(json.dumps({"id": "evt_9", "object": "event", "type": kind, "data": None}).encode())
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"ok": True}
    assert edge.queue.bodies == []
    assert edge.metrics.counts["WebhooksIgnored"] == 1
    assert edge.log.lines[0].ids == {"event_id": "evt_9", "event_type": kind}


@pytest.mark.parametrize(
    ("change", "reason"), [({"livemode": True}, "wrong_mode"), ({"account": "acct_1"}, "wrong_account")]
)
def test_an_event_of_another_mode_or_account_is_queued_with_its_reason(
    edge: Edge, change: dict[str, Any], reason: str
) -> None:
    assert edge.deliver(json.dumps(PAYLOAD | change).encode())["statusCode"] == 200
    assert edge.queue.messages[0]["quarantine"] == reason
    assert edge.log.lines[0].ids["reason"] == reason


def test_a_huge_event_is_a_short_message(edge: Edge) -> None:
    """F33: what is queued is ids, so that no event is too large for a queue."""
    assert edge.deliver(json.dumps(PAYLOAD | {"more": "x" * 900_000}).encode())["statusCode"] == 200
    assert len(edge.queue.bodies[0]) < 2000


# --- bad input: refused with 400, nothing queued

GOOD = sign(BODY, SECRET, T)
HEX = GOOD.partition("v1=")[2]
Change = Callable[[HttpEvent], None]


def signature(value: str) -> Change:
    def change(event: HttpEvent) -> None:
        event["headers"] = {"stripe-signature": value}

    return change


def body(value: Any, *, encoded: bool = False) -> Change:
    def change(event: HttpEvent) -> None:
        event["body"] = value
        event["isBase64Encoded"] = encoded

    return change


def no_headers(event: HttpEvent) -> None:
    del event["headers"]


def spoofed(event: HttpEvent) -> None:
    event["headers"] = {"x-stripe-signature": GOOD, "x-user-id": "alice", "authorization": "Bearer x"}


REFUSED: dict[str, tuple[Change, str]] = {
    "no signature": (signature(""), "invalid_signature"),
    "no headers at all": (no_headers, "invalid_signature"),
    "the signature under another name": (spoofed, "invalid_signature"),
    "a signature of 6 minutes ago": (signature(sign(BODY, SECRET, T - 360)), "invalid_signature"),
    "a signature from the future": (signature(sign(BODY, SECRET, T + 360)), "invalid_signature"),
    "another secret's signature": (signature(sign(BODY, "whsec_somebody_elses", T)), "invalid_signature"),
    "the empty key's signature": (signature(sign(BODY, "", T)), "invalid_signature"),
    "a doubled header": (signature(f"{GOOD},{GOOD}"), "invalid_signature"),
    "a signature that is not ASCII": (signature(f"t={T},v1=é{HEX[1:]}"), "invalid_signature"),
    "only v0": (signature(f"t={T},v0={HEX}"), "invalid_signature"),
    "half a signature": (signature(GOOD[:-1]), "invalid_signature"),
    "a timestamp of 4,000 digits": (signature(f"t={'1' * 4000},v1={HEX}"), "invalid_signature"),
    "a huge header": (signature(GOOD + ",v0=" + "0" * 100_000), "invalid_signature"),
    "another body": (body(BODY.decode() + " "), "invalid_signature"),
    "a body that was re-serialised": (body(json.dumps(PAYLOAD, indent=1)), "invalid_signature"),
    "no body": (body(None), "invalid_signature"),
    "an empty body": (body(""), "invalid_signature"),
    "not JSON, not signed": (body("{"), "invalid_signature"),
    "not UTF-8, not signed": (body(base64.b64encode(b"\xff\xfe").decode(), encoded=True), "invalid_signature"),
    "half of a surrogate pair": (body("\ud800"), "invalid_signature"),
    "deep nesting, not signed": (body("[" * 100_000), "invalid_signature"),
    "base64 with a hole": (body("eyJ!", encoded=True), "invalid_request"),
    "base64 that is not ASCII": (body("é", encoded=True), "invalid_request"),
    "base64 that ends early": (body("eyJpZ", encoded=True), "invalid_request"),
    "a body that is an object": (body({"id": "evt_1"}), "invalid_request"),
    "a body of over 1 MB": (body("x" * (MAX_BODY + 1)), "body_too_large"),
}


@pytest.mark.parametrize(("change", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_verified_is_refused(edge: Edge, change: Change, expected: str) -> None:
    """S01, S02, F29: forged, too old, or of the future."""
    event = http_event(BODY, {"Stripe-Signature": GOOD})
    change(event)
    response = edge.post(event)
    assert response["statusCode"] == 400
    assert code(response) == expected
    assert json.loads(response["body"])["error"]["message"]
    assert edge.queue.bodies == []
    assert SECRET not in response["body"]
    assert PAYLOAD["type"] not in str(edge.log.lines)


def test_too_large_is_refused_even_when_signed(edge: Edge) -> None:
    response = edge.deliver(b" " * (MAX_BODY + 1))
    assert (response["statusCode"], code(response)) == (400, "body_too_large")
    assert edge.metrics.counts["WebhooksRefused{reason=body_too_large}"] == 1


def test_the_largest_body_is_taken(edge: Edge) -> None:
    assert edge.deliver(BODY + b" " * (MAX_BODY - len(BODY)))["statusCode"] == 200
    assert len(edge.queue.bodies) == 1


# --- signed, but not usable: 2xx, counted, nothing queued

UNUSABLE: dict[str, tuple[bytes, str]] = {
    "an empty list": (b"[]", "event"),
    "null": (b"null", "event"),
    "a number": (b"1", "event"),
    "a string": (b'"evt_1"', "event"),
    "an empty object": (b"{}", "type"),
    "nothing": (b"", "json"),
    "not JSON": (b"{", "json"),
    "two values": (b"{}{}", "json"),
    "NaN": (BODY.replace(b"1795255200", b"NaN", 1), "json"),
    "an integer of 5,000 digits": (b'{"n":' + b"9" * 5000 + b"}", "json"),
    "100,000 brackets": (b"[" * 100_000, "nesting"),
    "100,000 braces": (b'{"a":' * 100_000, "nesting"),
    "not UTF-8": (BODY.replace(b"alice", b"\xff\xfe"), "encoding"),
    "UTF-16": (BODY.decode().encode("utf-16"), "encoding"),
    "a byte order mark": (b"\xef\xbb\xbf" + BODY, "json"),
    "a zero byte": (BODY + b"\x00", "json"),
    "no id": (json.dumps(PAYLOAD | {"id": None}).encode(), "id"),
    "an id that would break a key": (json.dumps(PAYLOAD | {"id": "evt_1:*"}).encode(), "id"),
    "no data": (json.dumps(PAYLOAD | {"data": []}).encode(), "data"),
    "no mode": (json.dumps({key: PAYLOAD[key] for key in PAYLOAD if key != "livemode"}).encode(), "livemode"),
    "a type of another kind": (json.dumps(PAYLOAD | {"type": ["x"]}).encode(), "type"),
    "a thin event of nothing": (json.dumps(PAYLOAD | {"object": "v2.core.event"}).encode(), "related_object"),
    "an envelope": (json.dumps(PAYLOAD | {"object": "eventbridge"}).encode(), "envelope"),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_signed_but_unusable_is_taken_and_counted(edge: Edge, content: bytes, reason: str) -> None:
    response = edge.deliver(content, encoded=True)  # as API Gateway sends what may not be text
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"ok": True}
    assert edge.queue.bodies == []
    assert edge.metrics.counts["EventsUnusable"] == 1
    assert edge.log.messages == ["event unusable"]
    assert edge.log.lines[0].ids["reason"] == reason


# --- what fails behind it: 5xx, so that Stripe delivers again


def test_if_the_queue_does_not_take_it_stripe_must_come_again(edge: Edge) -> None:
    edge.queue.down = True
    response = edge.deliver()
    assert (response["statusCode"], code(response)) == (503, "unavailable")
    assert "queued" not in edge.log.messages
    assert "WebhooksQueued" not in edge.metrics.counts
    edge.queue.down = False
    assert edge.deliver()["statusCode"] == 200
    assert len(edge.queue.bodies) == 1


def test_without_the_secret_stripe_must_come_again(edge: Edge) -> None:
    edge.secrets.down = True
    response = edge.deliver()
    assert (response["statusCode"], code(response)) == (503, "unavailable")
    assert edge.queue.bodies == []


@pytest.mark.parametrize(
    "content", [{}, {"secrets": []}, {"secrets": [""]}, {"secrets": "whsec_new0123456789abcdef"}, {"secrets": [5]}]
)
def test_a_broken_secret_verifies_nothing(
    edge: Edge, content: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    edge.secrets.values["webhook"] = content
    for secret in ("", SECRET):
        response = edge.deliver(secret=secret)
        assert (response["statusCode"], code(response)) == (500, "internal")
        assert SECRET not in response["body"] + capsys.readouterr().out
    assert edge.queue.bodies == []


def test_the_unforeseen_is_a_500_that_tells_nothing(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(FakeCache):
        def is_done(self, event: EventId) -> bool:
            raise ZeroDivisionError(f"alice@example.com {SECRET}")

    edge.deps = replace(edge.deps, cache=Broken())
    response = edge.deliver()
    assert (response["statusCode"], code(response)) == (500, "internal")
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert line["error"] == "ZeroDivisionError"
    assert any("is_done" in frame for frame in line["stack"])
    for leak in ("alice@example.com", SECRET):
        assert leak not in response["body"] + json.dumps(line)


# --- anything at all

shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(
    body=st.none() | st.text(max_size=100) | st.just(BODY.decode()) | shapes,
    header=st.text(max_size=100) | st.from_regex(r"t=1795255200,v1=[0-9a-f]{64}", fullmatch=True),
    encoded=st.booleans(),
    age=st.integers(-400, 400),
)
@settings(max_examples=300)
def test_nothing_unsigned_gets_past(body: Any, header: str, encoded: bool, age: int) -> None:
    edge = new_edge()
    edge.deps = replace(edge.deps, clock=FakeClock(NOW + timedelta(seconds=age)))
    event = http_event(None, {"Stripe-Signature": header}, encoded=encoded)
    event["body"] = body
    assert edge.post(event)["statusCode"] == 400
    assert edge.queue.bodies == []


@given(
    content=st.binary(max_size=60)
    | shapes.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(sorted(PAYLOAD)), shapes, max_size=3).map(
        lambda change: json.dumps(PAYLOAD | change).encode()
    ),
)
@settings(max_examples=300)
def test_whatever_is_signed_is_taken_and_queued_once_at_most(content: bytes) -> None:
    edge = new_edge()
    assert edge.deliver(content, encoded=True)["statusCode"] == 200
    assert len(edge.queue.bodies) <= 1
