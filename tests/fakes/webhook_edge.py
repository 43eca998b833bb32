"""The webhook over a world whose state can be read: a real signature check, and fakes behind it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from billing.domain.events import Origin
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.observability import LambdaContext
from billing.services.accept_event import AcceptDeps
from functions.webhook.app import accept
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.stripe_signature import sign
from tests.fakes.world import FakeCache, FakeClock, FakeLog, FakeMetrics, FakeQueue, FakeSecrets

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
T = int(NOW.timestamp())
SECRET = "whsec_new0123456789abcdef"
OLD_SECRET = "whsec_old0123456789abcdef"
OLDER_SECRET = "whsec_older0123456789abcdef"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "stripe_events"
PAYLOAD: dict[str, Any] = json.loads((FIXTURES / "checkout.session.completed.json").read_text())
BODY = json.dumps(PAYLOAD).encode()


@dataclass
class Edge:
    """The webhook with a world whose state can be read."""

    queue: FakeQueue
    cache: FakeCache
    secrets: FakeSecrets
    log: FakeLog
    metrics: FakeMetrics
    deps: AcceptDeps

    def post(self, event: HttpEvent) -> HttpResponse:
        @http_handler
        def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
            return accept(event, context, self.deps)

        return handler(event, FakeContext())

    def deliver(self, body: bytes = BODY, *, secret: str = SECRET, encoded: bool = False) -> HttpResponse:
        return self.post(http_event(body, {"Stripe-Signature": sign(body, secret, T)}, encoded=encoded))


def new_edge() -> Edge:
    queue, cache, log, metrics = FakeQueue(), FakeCache(), FakeLog(), FakeMetrics()
    secrets = FakeSecrets({"webhook": {"secrets": [SECRET, OLD_SECRET, OLDER_SECRET]}})
    origin, clock = Origin(livemode=False), FakeClock(NOW)
    deps = AcceptDeps(origin, "webhook", secrets, queue, cache, clock, log, metrics)
    return Edge(queue, cache, secrets, log, metrics, deps)
