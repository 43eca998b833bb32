"""What becomes of each delivery, as the service says it, and what is counted of it."""

import json
from typing import Any

import pytest

from billing.domain.ids import EventId
from billing.errors import Misconfigured, SignatureRefused
from billing.services.accept_event import accept_event, signing_secrets
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import BODY, PAYLOAD, SECRET, Edge, T, new_edge
from tests.fakes.world import FakeSecrets


@pytest.fixture
def edge() -> Edge:
    return new_edge()


def outcome(edge: Edge, body: bytes = BODY) -> str:
    receipt = accept_event(body=body, signature=sign(body, SECRET, T), correlation_id="correlation-1", deps=edge.deps)
    return receipt.outcome


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, "queued"), ({"type": "product.created"}, "ignored"), ({"created": "yesterday"}, "unusable")],
)
def test_each_outcome_has_its_name(edge: Edge, change: dict[str, Any], expected: str) -> None:
    assert outcome(edge, json.dumps(PAYLOAD | change).encode()) == expected
    assert edge.metrics.counts["WebhooksReceived"] == 1


@pytest.mark.parametrize("given", [{}, {"requestId": "no id"}], ids=["none", "none that can be one"])
def test_without_the_gateways_id_an_event_is_followed_by_that_of_the_invocation(
    edge: Edge, given: dict[str, str]
) -> None:
    """By `sam local invoke`, say: the consumer refuses a message without one."""
    bare = PAYLOAD["data"]["object"] | {"metadata": {}}  # where a checkout's own would stand
    body = json.dumps(PAYLOAD | {"data": {"object": bare}}).encode()
    event = http_event(body, {"Stripe-Signature": sign(body, SECRET, T)})
    event["requestContext"] = {**given}
    assert edge.post(event)["statusCode"] == 200
    assert [message["correlationId"] for message in edge.queue.messages] == [FakeContext().aws_request_id]


def test_a_duplicate_is_counted_by_its_type(edge: Edge) -> None:
    edge.cache.done.add(EventId(PAYLOAD["id"]))
    assert outcome(edge) == "skipped_replay"
    assert edge.metrics.counts["WebhooksDuplicate{event_type=checkout.session.completed}"] == 1


def test_a_mark_vouches_for_no_signature(edge: Edge) -> None:
    """S01: an id is no secret, and who has not signed is told nothing of what is done."""
    edge.cache.done.add(EventId(PAYLOAD["id"]))
    with pytest.raises(SignatureRefused):
        accept_event(body=BODY, signature=None, correlation_id="correlation-1", deps=edge.deps)


def test_a_refusal_is_counted_by_what_is_wrong_with_the_signature(edge: Edge) -> None:
    with pytest.raises(SignatureRefused):
        accept_event(body=BODY, signature="t=1,v1=00", correlation_id="correlation-1", deps=edge.deps)
    assert edge.metrics.counts["WebhooksRefused{reason=expired}"] == 1
    assert edge.metrics.counts["WebhooksReceived"] == 1


@pytest.mark.parametrize("kept", [{}, {"secrets": None}, {"secrets": SECRET}, {"secrets": [SECRET, 5]}])
def test_a_secret_of_another_form_is_named(kept: dict[str, object]) -> None:
    with pytest.raises(Misconfigured) as refused:
        signing_secrets(FakeSecrets({"webhook": kept}), "webhook")
    assert refused.value.ids == {"secret": "webhook"}
    assert SECRET not in refused.value.message


@pytest.mark.parametrize("values", [[], [""], [SECRET, ""], [f" {SECRET}"], [f"{SECRET}\n"]])
def test_a_secret_that_is_empty_or_was_pasted_with_a_space_stops_the_webhook(values: list[str]) -> None:
    """S05: also beside one that is right, for whoever rolls must see that the other one is not there."""
    with pytest.raises(Misconfigured):
        signing_secrets(FakeSecrets({"webhook": {"secrets": values}}), "webhook")


@pytest.mark.parametrize("event", [None, [], "x", 5, {}], ids=repr)
def test_what_is_no_request_is_refused(event: Any) -> None:
    """By hand, from whoever may invoke the function itself."""
    edge = new_edge()
    assert edge.post(event)["statusCode"] == 400
    assert edge.queue.bodies == []
    assert edge.metrics.counts["WebhooksRefused{reason=missing}"] == 1
