"""Send events to their endpoints: signed, retried with growing pauses, recorded.

Like Stripe, nothing but a 2xx counts as delivered (a redirect is a failure), order is not promised, and every try is
signed anew: https://docs.stripe.com/webhooks#delivery-behaviors. Stripe retries for three days, in a sandbox three
times over a few hours; here the pauses are seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from local.stripe.engine import Engine
from local.stripe.engine.notices import event_destinations, old_shapes, thin_events
from local.stripe.engine.notices import webhook_endpoints as endpoints
from local.stripe.engine.world import Obj, Outgoing
from local.stripe.faults import Faults
from local.stripe.signing import signature_header

log = logging.getLogger("local.stripe")

AT_ONCE = 20
"""Deliveries to one endpoint; the others wait here. httpx's pool looks through all that wait whenever one is done."""
ANSWER_KEPT = 500
"""Characters of an endpoint's answer that are kept in the record."""


@dataclass
class Attempt:
    """One try."""

    at: int
    status: int | None
    """None when there was no answer at all"""
    answer: str


@dataclass
class Delivery:
    """One event on its way to one endpoint."""

    event: str
    type: str
    endpoint: str
    url: str
    state: str = "pending"
    """pending, delivered, failed (all tries used up) or dropped (by a fault)"""
    attempts: list[Attempt] = field(default_factory=list)
    first_answer: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def shown(self) -> dict[str, Any]:
        """The record as the control API shows it."""
        return {
            "event": self.event,
            "type": self.type,
            "endpoint": self.endpoint,
            "url": self.url,
            "state": self.state,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }


def _url(engine: Engine, endpoint: Obj) -> str:
    found: str = endpoint.get("url") or engine.world.hidden[endpoint["id"] + event_destinations.URL]
    return found


def _payload(engine: Engine, event_id: str, endpoint: Obj) -> Obj:
    """What an endpoint gets of an event: a notification, or the event in the shape of the endpoint's API version."""
    world = engine.world
    thin = world.get(thin_events.KIND, event_id)
    if thin is not None:
        return thin_events.notification(thin)
    event = world.need("event", event_id)
    version = endpoint.get("api_version") or event["api_version"]
    if version == event["api_version"]:
        return event
    shape = world.rendered.get((event_id, version)) or old_shapes.render(world, event, version)
    return shape | {"pending_webhooks": event["pending_webhooks"]}


class Deliveries:
    """The queue of deliveries of one engine."""

    def __init__(
        self,
        engine: Engine,
        faults: Faults,
        client: httpx.AsyncClient,
        *,
        pauses: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60),
        timeout: float = 10.0,
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._client = client
        self._pauses = pauses
        self._timeout = timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self.records: list[Delivery] = []

    def send_pending(self) -> list[Delivery]:
        """Start sending everything in the engine's outbox; return the deliveries begun."""
        outbox, self._engine.world.outbox = self._engine.world.outbox, []
        begun = [self._begin(outgoing) for outgoing in outbox]
        sent = [delivery for delivery in begun if delivery is not None]
        if self._faults.reorder:
            self._spawn(self._one_by_one(list(reversed(sent))))
            return sent
        for delivery in sent:
            for _ in range(2 if self._faults.take("duplicate") else 1):
                self._spawn(self._deliver(delivery))
        return sent

    def _begin(self, outgoing: Outgoing) -> Delivery | None:
        world = self._engine.world
        endpoint, event = world.find(outgoing.endpoint), world.find(outgoing.event)
        if endpoint is None or event is None:
            return None
        delivery = Delivery(event["id"], event["type"], endpoint["id"], _url(self._engine, endpoint))
        self.records.append(delivery)
        if self._faults.take("drop"):
            delivery.state = "dropped"
            delivery.first_answer.set()
            return None
        return delivery

    def resend(self, event_id: str) -> list[Delivery]:
        """Send an event again to every enabled endpoint, as the dashboard's button does; raise KeyError if unknown."""
        world = self._engine.world
        event = world.find(event_id)
        if event is None or event["object"] not in ("event", thin_events.KIND):
            raise KeyError(event_id)
        thin = event["object"] == thin_events.KIND
        again = [
            Delivery(event["id"], event["type"], endpoint["id"], _url(self._engine, endpoint))
            for endpoint in world.all("webhook_endpoint") + world.all(thin_events.DESTINATION)
            if endpoint["status"] == "enabled" and (endpoint.get("event_payload") == "thin") == thin
        ]
        for delivery in again:
            self.records.append(delivery)
            self._spawn(self._deliver(delivery))
        return again

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one_by_one(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        await asyncio.sleep(self._faults.delay_seconds)
        for pause in (*self._pauses, None):
            async with self._lanes[delivery.endpoint]:
                delivered = await self._try(delivery)
            if delivered:
                if delivery.state != "delivered":
                    delivery.state = "delivered"
                    event = self._engine.world.get("event", delivery.event)
                    if event is not None:
                        event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
                return
            if pause is None or delivery.state == "delivered":
                break
            await asyncio.sleep(pause)
        if delivery.state != "delivered":
            delivery.state = "failed"
            log.warning("webhook given up: event=%s url=%s", delivery.event, delivery.url)

    async def _try(self, delivery: Delivery) -> bool:
        world = self._engine.world
        endpoint = world.find(delivery.endpoint)
        if endpoint is None:
            return False
        body = json.dumps(_payload(self._engine, delivery.event, endpoint), indent=2).encode()
        now = world.now()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature_header(body, endpoints.secrets(world, delivery.endpoint), now),
        }
        try:
            async with asyncio.timeout(self._timeout):  # of all of it: httpx times each piece of an answer
                answer = await self._client.post(delivery.url, content=body, headers=headers, timeout=self._timeout)
            attempt = Attempt(now, answer.status_code, answer.text[:ANSWER_KEPT])
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as broken:
            attempt = Attempt(now, None, type(broken).__name__)
        delivery.attempts.append(attempt)
        delivery.first_answer.set()
        return attempt.status is not None and 200 <= attempt.status < 300

    async def wait_for_checkout(self, session: str, deliveries: list[Delivery], limit: float = 10.0) -> None:
        """Hold the buyer until the endpoint has answered `checkout.session.completed`, at most ten seconds.

        https://docs.stripe.com/checkout/fulfillment#redirect-hosted-checkout
        """
        waited = [
            delivery.first_answer.wait()
            for delivery in deliveries
            if delivery.type == "checkout.session.completed"
            and self._engine.world.need("event", delivery.event)["data"]["object"]["id"] == session
        ]
        if waited:
            await asyncio.wait([asyncio.ensure_future(each) for each in waited], timeout=limit)

    async def stop(self) -> None:
        """Drop everything under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
