"""What must hold for every delivery, whatever it says."""

from __future__ import annotations

import json

from billing.domain.notice import Notice
from billing.http.reply import HttpResponse
from tests.fakes.webhook_edge import Edge
from tests.fuzz.webhook.delivery import Delivery

SMALL = 4096
"""Bytes: a message holds ids, never the event; SQS would take 1 MB."""


def hold(delivered: Delivery, answer: HttpResponse, edge: Edge) -> None:
    """Fail, by an AssertionError, unless the answer and what was done are right for this delivery."""
    status = answer["statusCode"]
    assert status < 500, f"nobody outside can make us fail: {answer['body']}"
    assert edge.cache.done == set(), "only the consumer marks"
    if not delivered.genuine:
        assert status == 400, f"not Stripe's, and answered {status}"
        assert edge.queue.bodies == [], "not Stripe's, and queued"
        return
    assert status == 200, f"Stripe's, and answered {status}: it would be sent again for days"
    assert len(edge.queue.bodies) <= 1, "one delivery, several messages"
    for message in edge.queue.bodies:
        assert len(message.encode()) < SMALL, "the message has grown with the event"
        notice = Notice.from_message(json.loads(message))
        assert notice.id == json.loads(delivered.body)["id"], "another event than was sent"
