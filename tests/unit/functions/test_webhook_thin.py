"""Thin events at the webhook: signed and queued like the others (F31)."""

import json

import pytest
import stripe

from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import SECRET, T, new_edge

THIN = {
    "id": "evt_test_65R9Ijk8",
    "object": "v2.core.event",
    "type": "v1.charge.dispute.created",
    "livemode": False,
    "created": "2026-11-21T09:59:58.246Z",
    "related_object": {"id": "du_1", "type": "dispute", "url": "/v1/disputes/du_1"},
}


def test_a_thin_event_is_queued_with_what_it_names() -> None:
    """Its signature is that of any other: https://docs.stripe.com/webhooks#verify-events."""
    body, edge = json.dumps(THIN).encode(), new_edge()
    assert edge.deliver(body)["statusCode"] == 200
    [message] = edge.queue.messages
    assert (message["type"], message["object"]) == ("v1.charge.dispute.created", {"type": "dispute", "id": "du_1"})
    assert (message["customer"], message["related"]) == (None, {})
    assert edge.metrics.counts["WebhooksQueued{event_type=v1.charge.dispute.created}"] == 1
    client = stripe.StripeClient("sk_test_plumbline")
    client.parse_event_notification(body.decode(), sign(body, SECRET, T), SECRET, tolerance=10**9)


@pytest.mark.parametrize("kind", ["v1.customer.created", "v1.invoice.upcoming", "v2.core.event_destination.ping"])
def test_what_tells_of_nobody_is_counted_and_stored_nowhere(kind: str) -> None:
    """F32. A coming invoice has no id, so its thin event names nothing."""
    edge = new_edge()
    assert edge.deliver(json.dumps(THIN | {"type": kind, "related_object": None}).encode())["statusCode"] == 200
    assert edge.queue.bodies == []
    assert edge.metrics.counts["WebhooksIgnored"] == 1
