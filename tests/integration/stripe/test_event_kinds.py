"""Thin notifications, older shapes and the envelope of EventBridge, with the official SDK where it has a say."""

import json
from collections.abc import Iterator

import pytest
import stripe

from tests.integration.stripe.conftest import SECRET

FAR = 10**9


@pytest.fixture
def plain_again(stand_in) -> Iterator[None]:
    yield
    stand_in.control("endpoint", api_version="2026-10-28.endive", payload="snapshot")


def test_a_thin_notification_leads_to_event_and_object(stand_in, inbox, plain_again):
    stand_in.control("endpoint", payload="thin")
    customer = stand_in.v1.customers.create({"email": "thin@example.com"})

    received = inbox.next_about("v1.customer.created", customer.id)

    told = stand_in.sdk.parse_event_notification(received.body, received.signature, SECRET, tolerance=FAR)
    assert isinstance(told, stripe.events.V1CustomerCreatedEventNotification)
    assert told.fetch_related_object().email == "thin@example.com"
    event = told.fetch_event()
    assert event.reason
    assert (event.type, event.reason.type) == ("v1.customer.created", "request")
    assert stand_in.v1.events.retrieve(event.snapshot_event).data.object["id"] == customer.id
    assert "data" not in received.event
    with pytest.raises(ValueError, match="parse_event_notification"):
        stripe.Webhook.construct_event(received.body, received.signature, SECRET, tolerance=FAR)


def test_both_kinds_beside_each_other(stand_in, inbox, plain_again):
    answer = stand_in.control("endpoint", payload="both")
    assert (answer["status"], len(answer["thin_destinations"])) == ("enabled", 1)
    customer = stand_in.v1.customers.create({"email": "both@example.com"})
    seen: set[str] = set()
    while len(seen) < 2:
        received = inbox.next()
        if received.about[1] == customer.id:
            seen.add(received.about[0])
    assert seen == {"customer.created", "v1.customer.created"}


def test_destinations_by_the_sdk(stand_in, inbox):
    made = stand_in.sdk.v2.core.event_destinations.create(
        {
            "name": "ours",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v1.product.created"],
            "webhook_endpoint": {"url": inbox.url},
            "include": ["webhook_endpoint.signing_secret"],
        }
    )
    secret = made.webhook_endpoint.signing_secret
    pinged = stand_in.sdk.v2.core.event_destinations.ping(made.id)
    received = inbox.next_about("v2.core.event_destination.ping", made.id)
    assert (
        stand_in.sdk.parse_event_notification(received.body, received.signature, secret, tolerance=FAR).id == pinged.id
    )
    assert made.id in [each.id for each in stand_in.sdk.v2.core.event_destinations.list().auto_paging_iter()]
    stand_in.sdk.v2.core.event_destinations.disable(made.id)
    assert stand_in.sdk.v2.core.event_destinations.retrieve(made.id).status == "disabled"
    stand_in.sdk.v2.core.event_destinations.delete(made.id)
    wrong = stand_in.http.post("/v2/core/event_destinations", content=b"not json")
    assert wrong.status_code == 400


def test_an_endpoint_of_an_older_version_gets_older_shapes(shop, stand_in, inbox, plain_again):
    stand_in.control("endpoint", api_version="2024-06-20")
    session = shop.session(shop.price(900, interval="month"), "subscription")
    shop.pay(session)
    done = stand_in.v1.checkout.sessions.retrieve(session.id)
    received = inbox.next_about("invoice.paid", done.invoice)
    event = stripe.Webhook.construct_event(received.body, received.signature, SECRET, tolerance=FAR)
    shown = event.data.object.to_dict()
    assert (event.api_version, shown["subscription"], shown["paid"]) == ("2024-06-20", done.subscription, True)
    assert shown["payment_intent"].startswith("pi_")


def test_an_event_as_eventbridge_has_it(stand_in, inbox):
    customer = stand_in.v1.customers.create({"email": "bus@example.com"})
    event = inbox.next_about("customer.created", customer.id).event
    envelope = stand_in.control("eventbridge", event=event["id"], region="eu-central-1")
    assert (envelope["detail-type"], envelope["region"]) == ("customer.created", "eu-central-1")
    assert envelope["source"].startswith("aws.partner/stripe.com/ed_")
    assert envelope["detail"]["data"] == event["data"]
    assert json.loads(json.dumps(envelope)) == envelope
    missing = stand_in.http.post("/_control/eventbridge", json={"event": "evt_none"})
    assert missing.status_code == 404
