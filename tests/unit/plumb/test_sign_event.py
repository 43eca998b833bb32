"""`plumb event sign`: what the webhook's function takes for Stripe's, for as long as it would Stripe's own."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from billing.domain import signature
from billing.domain.signature import SigningSecrets
from billing.errors import SignatureRefused
from billing.http.request import header, raw_body
from tests.fakes.operator import Operator, environment
from tests.unit.plumb.conftest import Deployed

EVENTS = Path(__file__).parents[3] / "events/webhook"
SECRET = "whsec_of_the_test_only"
GIVEN = ("--secret", SECRET)


def verify(delivery: Any, later: timedelta = timedelta()) -> None:
    """As the function does it."""
    now = datetime.now(UTC) + later
    signature.verify(header(delivery, "stripe-signature"), raw_body(delivery), SigningSecrets((SECRET,)), now)


@pytest.mark.parametrize("file", ["unsigned", "bad_signature"])
def test_a_file_is_signed_as_of_now(plumb: Operator, file: str) -> None:
    given = json.loads((EVENTS / f"{file}.json").read_text())
    result = plumb("event", "sign", str(EVENTS / f"{file}.json"), *GIVEN)
    assert (result.code, result.err) == (0, "")
    verify(result.document)
    with pytest.raises(SignatureRefused):
        verify(result.document, timedelta(minutes=6))
    assert result.document | {"headers": {}} == given | {"headers": {}}
    assert result.document["headers"].keys() == given["headers"].keys() | {"stripe-signature"}
    assert SECRET not in result.out


def test_an_event_alone_comes_in_a_delivery(plumb: Operator) -> None:
    event = {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {"name": "Grüße"}}}
    delivery = plumb("event", "sign", "-", *GIVEN, stdin=json.dumps(event)).document
    verify(delivery)
    assert json.loads(raw_body(delivery)) == event
    assert delivery["headers"]["content-length"] == str(len(raw_body(delivery)))


def test_a_body_in_base64_is_signed_as_what_it_says(plumb: Operator) -> None:
    """S04: Stripe signed the bytes, not how API Gateway carries them."""
    given = json.loads((EVENTS / "unsigned.json").read_text())
    encoded = base64.b64encode(given["body"].encode()).decode()
    text = json.dumps(given | {"body": encoded, "isBase64Encoded": True})
    delivery = plumb("event", "sign", "-", *GIVEN, stdin=text).document
    verify(delivery)
    assert (delivery["body"], raw_body(delivery)) == (encoded, given["body"].encode())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Standard input holds no JSON."),
        ("[]", "neither an event"),
        ('{"id": "cus_1", "object": "customer"}', "neither an event"),
        ('{"body": "%%", "headers": {}, "isBase64Encoded": true}', "no text in Base64"),
    ],
)
def test_what_is_no_event_is_refused(plumb: Operator, text: str, told: str) -> None:
    result = plumb("event", "sign", "-", *GIVEN, stdin=text)
    assert (result.code, result.out) == (1, "")
    assert told in result.err


def test_a_file_that_is_not_there(plumb: Operator) -> None:
    result = plumb("event", "sign", "nowhere/at_all.json", *GIVEN)
    assert (result.code, result.out) == (1, "")
    assert "nowhere/at_all.json can't be read" in result.err


@pytest.mark.parametrize("secret", ["whsec_a b", "whsec_1", "sk_test_0123456789abcdef"])
def test_a_secret_that_the_function_would_refuse(plumb: Operator, secret: str) -> None:
    result = plumb("event", "sign", str(EVENTS / "unsigned.json"), "--secret", secret)
    assert (result.code, result.out) == (1, "")
    assert secret not in result.err


def test_the_secret_may_come_in_a_variable(plumb: Operator) -> None:
    with environment({"PLUMB_SIGNING_SECRET": SECRET}):
        verify(plumb("event", "sign", str(EVENTS / "unsigned.json")).document)


def test_a_stage_has_its_own_secret(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    deployed.store_secrets()
    result = plumb("event", "sign", str(EVENTS / "unsigned.json"), "--stage", "staging")
    assert (result.code, result.err) == (0, "")
    verify(result.document)


def test_a_stage_without_a_secret_signs_nothing(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    result = plumb("event", "sign", str(EVENTS / "unsigned.json"), "--stage", "staging")
    assert (result.code, result.out) == (1, "")
    assert "plumbline/stripe-webhook has no signing secret" in result.err


def test_live_mode_is_asked_about_and_told(deployed: Deployed, plumb: Operator) -> None:
    """S28: nothing is signed with a live secret in silence."""
    deployed.deploy("plumbline-prod", STAGE="prod", STRIPE_MODE="live")
    deployed.store_secrets()
    asked = ("event", "sign", str(EVENTS / "unsigned.json"), "--stage", "prod")
    refused = plumb(*asked)
    assert (refused.code, refused.out) == (2, "")
    assert "--yes" in refused.err
    agreed = plumb(*asked, "--yes")
    assert "live signing secret of prod" in agreed.err
    verify(agreed.document)


def test_a_live_event_is_not_signed_in_silence_either(plumb: Operator) -> None:
    """S28: of a secret that is handed over nobody knows the mode, but the event says its own."""
    live = json.dumps({"id": "evt_1", "object": "event", "livemode": True})
    refused = plumb("event", "sign", "-", *GIVEN, stdin=live)
    assert (refused.code, refused.out) == (2, "")
    verify(plumb("event", "sign", "-", *GIVEN, "--yes", stdin=live).document)


def test_it_says_when_it_was_signed(plumb: Operator) -> None:
    delivery = plumb("event", "sign", str(EVENTS / "unsigned.json"), *GIVEN).document
    at = int(delivery["headers"]["stripe-signature"].partition(",")[0].removeprefix("t="))
    assert abs(at - time.time()) < 60


PRICE = {"id": "price_1", "object": "price", "unit_amount": 1, "unit_amount_decimal": "0.5"}
SUBSCRIPTION = {
    "id": "sub_1",
    "object": "subscription",
    "items": {"object": "list", "data": [{"id": "si_1", "object": "subscription_item", "price": PRICE}]},
}
LINE = {"id": "il_1", "object": "line_item", "pricing": {"unit_amount_decimal": "1000"}}
INVOICE = {"id": "in_1", "object": "invoice", "lines": {"object": "list", "data": [LINE]}}


@contextmanager
def stripe_with(event: dict[str, Any]) -> Iterator[str]:
    """A Stripe that has this one event; its address."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            one = self.path.endswith(event["id"])
            body = json.dumps(event if one else {"object": "list", "data": [event], "has_more": False}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("kind", "thing"), [("customer.subscription.created", SUBSCRIPTION), ("invoice.paid", INVOICE)]
)
@pytest.mark.parametrize("by_id", [False, True])
def test_an_event_of_stripes_is_delivered_as_it_is_there(
    deployed: Deployed, plumb: Operator, kind: str, thing: dict[str, Any], by_id: bool
) -> None:
    """Also its decimal numbers, which are texts at Stripe and Decimals in the SDK."""
    event = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": thing}}
    with stripe_with(event) as address:
        deployed.deploy(STRIPE_API_BASE=address)
        deployed.store_secrets()
        result = plumb("event", "sign", "evt_1" if by_id else kind, *GIVEN, "--stage", "staging")
    assert (result.code, result.err) == (0, "")
    verify(result.document)
    assert json.loads(raw_body(result.document)) == event
