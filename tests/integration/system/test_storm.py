"""Copies of one event, the success call, other events of the same session, all at once (F01, F02, F05): one grant."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import stripe

from local.stack import Stack
from local.stripe.signing import signature_header
from tests.integration.system.buyer import Buyer
from tests.integration.system.conftest import eventually

COPIES = 200
AT_ONCE = 20
OTHERS = 20


def post(system: Stack, http: httpx.Client, event: dict[str, Any]) -> int:
    """Deliver an event as Stripe does, again until it is taken."""
    body = json.dumps(event).encode()
    deadline = time.monotonic() + 30
    while True:
        headers = {
            "content-type": "application/json",
            "stripe-signature": signature_header(body, [system.webhook_secret], int(time.time())),
        }
        answer = http.post(f"{system.api_url}/webhooks/stripe", content=body, headers=headers)
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer.status_code
        assert answer.status_code >= 500, answer.text
        time.sleep(0.2)


def test_two_hundred_copies_and_twenty_other_events_are_one_grant(system: Stack) -> None:
    buyer = Buyer(system, "storm")
    back = buyer.pay(buyer.open_checkout())
    event_id = buyer.event()
    client = stripe.StripeClient(system.stripe_key, base_addresses={"api": system.stripe_url})
    event = json.loads(str(client.v1.events.retrieve(event_id)))
    others = [{**event, "id": f"evt_other{number:04d}{event_id[-8:]}"} for number in range(OTHERS)]
    sent = [event] * COPIES
    for position, other in enumerate(others):
        sent.insert(position * 10, other)
    with httpx.Client(trust_env=False, timeout=60) as http, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        success = pool.submit(buyer.come_back, back)
        assert set(pool.map(lambda each: post(system, http, each), sent)) == {200}
        success.result()
    buyer.wait_until_recorded()
    sqs = system.sqs()
    eventually("the queue is empty", lambda: _waiting(system, sqs) == 0 or None, 120)
    buyer.assert_granted_once()
    dead = sqs.get_queue_attributes(
        QueueUrl=system.queue_url("EventsDeadLetterQueue"), AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0"
    sqs.close()
    buyer.close()


def _waiting(system: Stack, sqs: Any) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=system.queue_url("EventsQueue"), AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)
