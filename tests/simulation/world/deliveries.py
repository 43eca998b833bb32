"""Stripe's side of webhooks: what it has to deliver, each try signed anew, for three days.

https://docs.stripe.com/webhooks#delivery-behaviors
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from local.stripe.engine import Engine
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.signing import signature_header
from tests.simulation.world.scheduler import Scheduler

_PAUSES = (60.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0)
_GIVEN_UP = 3 * 86400.0


@dataclass(eq=False, slots=True)
class Delivery:
    """One event on its way."""

    event: str
    type: str
    made: float
    due: float
    tries: int = 0
    under_way: bool = False
    body: bytes = b""


class Deliveries:
    """Every delivery that is not over yet, in the order of their events."""

    def __init__(self, engine: Engine, scheduler: Scheduler) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self.waiting: list[Delivery] = []

    def collect(self) -> None:
        """Take over what the engine has made since."""
        world = self._engine.world
        if world.outbox:
            outbox, world.outbox = world.outbox, []
            now = self._scheduler.now
            for outgoing in outbox:
                event = world.need("event", outgoing.event)
                self.waiting.append(Delivery(event["id"], event["type"], now, now))

    def due(self) -> list[Delivery]:
        """What may be delivered now."""
        self.collect()
        now = self._scheduler.now
        return [each for each in self.waiting if each.due <= now and not each.under_way]

    def given_up(self) -> list[Delivery]:
        """What Stripe has tried for three days: it is not tried again."""
        old = [each for each in self.waiting if self._scheduler.now - each.made > _GIVEN_UP and each.tries]
        self.waiting = [each for each in self.waiting if each not in old]
        return old

    def signed(self, delivery: Delivery) -> tuple[bytes, str]:
        """Body and signature of a try."""
        world = self._engine.world
        if not delivery.body:
            delivery.body = json.dumps(world.need("event", delivery.event)).encode()
        (endpoint,) = world.all("webhook_endpoint")
        now = int(self._scheduler.now)
        return delivery.body, signature_header(delivery.body, webhook_endpoints.secrets(world, endpoint["id"]), now)

    def answered(self, delivery: Delivery, *, taken: bool) -> None:
        """The endpoint has answered, or has not."""
        delivery.under_way = False
        if taken:
            if delivery in self.waiting:
                self.waiting.remove(delivery)
                event = self._engine.world.need("event", delivery.event)
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            return
        pause = _PAUSES[min(delivery.tries, len(_PAUSES) - 1)]
        delivery.tries += 1
        delivery.due = self._scheduler.now + pause
