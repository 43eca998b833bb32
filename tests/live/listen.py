"""Bring an account's own events to our webhook, as `stripe listen --forward-to` does: no Stripe CLI is needed.

https://docs.stripe.com/api/events/list
"""

import json
import time
from collections.abc import Iterator
from itertools import batched
from typing import Any

import httpx
import stripe

from local.seed import webhook_events
from tests.fakes.stripe_signature import sign
from tests.integration.purchase.wait import until

Event = dict[str, Any]
_TYPES_A_REQUEST = 20
"""https://docs.stripe.com/api/events/list#list_events-types"""
_CLOCKS_DIFFER = 120
"""Seconds by which Stripe's clock, which dates the events, may be behind ours."""
_PAUSE = 0.5
"""Between two looks, in seconds: a test account allows 25 requests a second to all who use it."""


class Listener:
    """From the moment it is made on: what happened in the account before stays there."""

    def __init__(self, client: stripe.StripeClient, webhook_url: str, secret: str) -> None:
        self._client = client
        self._url = webhook_url
        self._secret = secret
        self._http = httpx.Client(trust_env=False, timeout=30)
        self._since = int(time.time()) - _CLOCKS_DIFFER
        self._done = {event["id"] for event in self._listed()}

    def close(self) -> None:
        self._http.close()

    def forward(self) -> list[Event]:
        """Send what is new, oldest first; each event must be taken."""
        fresh = sorted((event for event in self._listed() if event["id"] not in self._done), key=_age)
        for event in fresh:
            self.send(event)
            self._done.add(event["id"])
        return fresh

    def forward_until(self, kind: str, about: str) -> Event:
        """Forward until the event of this type about this object has come, and give it."""

        def look() -> Event | None:
            for event in self.forward():
                if event["type"] == kind and event["data"]["object"]["id"] == about:
                    return event
            time.sleep(_PAUSE)
            return None

        return until(f"{kind} of {about}", look, seconds=60)

    def send(self, event: Event) -> None:
        """Deliver an event, signed at this very moment, also one that was sent before."""
        body = json.dumps(event, indent=2).encode()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": sign(body, self._secret, int(time.time())),
        }
        answer = self._http.post(self._url, content=body, headers=headers)
        assert answer.status_code == 200, f"{event['type']} {event['id']}: {answer.status_code} {answer.text}"

    def _listed(self) -> Iterator[Event]:
        """Events of the types that a webhook endpoint of this system is set up for."""
        for types in batched(webhook_events(), _TYPES_A_REQUEST, strict=False):
            page = self._client.v1.events.list({"types": list(types), "created": {"gte": self._since}, "limit": 100})
            for event in page.auto_paging_iter():
                yield event.to_dict(for_json=True)


def _age(event: Event) -> int:
    """Stripe dates events by the second; the order within one is anybody's, as with Stripe's own deliveries."""
    created: int = event["created"]
    return created
