"""Checkout and consumer over real adapters: Stripe's stand-in, moto's tables, and fakes for what is only a cache."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.events import HANDLED, Origin, parse_event
from billing.domain.ids import UserId
from billing.domain.terms import SellingPolicy
from billing.ports.stripe import OpenSession
from billing.services.consume_events import ConsumeDeps, consume_events
from billing.services.converge import ConvergeDeps
from billing.services.put_off import Message
from billing.services.start_checkout import CheckoutDeps, start_checkout
from tests.fakes.requests import a_request
from tests.fakes.world import FakeCache, FakeClock, FakeLog, FakeMetrics, FakeQueue, FakeRandomness
from tests.integration.adapters.stripe_side import LEVELS, NUMBERS, StripeSide
from tests.unit.billing.adapters.dynamo_tables import World


class Shop:
    """One user who buys, and the consumer that is told of it."""

    def __init__(self, side: StripeSide, world: World) -> None:
        self.side = side
        self.world = world
        self.user = UserId(f"shopper{next(NUMBERS)}")
        self.log, self.metrics, self.cache = FakeLog(), FakeMetrics(), FakeCache()
        self.clock = FakeClock(side.now())
        random = FakeRandomness(orders=1000 * next(NUMBERS))
        policy = AccessPolicy(LEVELS, timedelta(days=7))
        core = ConvergeDeps(
            world.accounts, world.events, side.reads, self.clock, random, self.log, self.metrics, policy
        )
        selling = SellingPolicy(max_quantity=10)
        self.checkout = CheckoutDeps(core, side.catalog, side.sessions, world.checkouts, self.cache, selling)
        self.consumer = ConsumeDeps(core, FakeQueue(), self.cache, Origin(livemode=False))
        newest = side.v1.events.list({"limit": 1}).data
        self._seen = newest[0].id if newest else None

    def start(self, price: str) -> OpenSession:
        return start_checkout(a_request(user=self.user, email="buyer@example.com", price_id=price), self.checkout)

    def buy(self, price: str) -> OpenSession:
        session = self.start(price)
        self.side.pay(session)
        return session

    def burst(self) -> list[Message]:
        """The events that Stripe has made since the last call, oldest first, as the webhook queues them."""
        fresh = self._since(self._seen)
        self._seen = fresh[0]["id"] if fresh else self._seen
        origin, now = Origin(livemode=False), datetime.now(UTC)
        handled = [event for event in reversed(fresh) if event["type"] in HANDLED]
        notices = [parse_event(event, origin, received_at=now, correlation_id="c-00000001") for event in handled]
        return [Message(f"m{n}", json.dumps(notice.to_message()), f"r{n}", 1) for n, notice in enumerate(notices)]

    def consume(self, messages: list[Message]) -> list[str]:
        """Work through one batch; what was asked of Stripe."""
        self.side.requests.clear()
        left = consume_events(messages, self.clock.now() + timedelta(minutes=1), self.consumer)
        assert left == frozenset()
        return list(self.side.requests)

    @property
    def account(self) -> Account:
        return self.world.accounts.load(self.user, []).account

    def _since(self, seen: str | None) -> list[dict[str, Any]]:
        """Newest first, down to the one that was seen: whoever used the stand-in before has left thousands."""
        listed = self.side.v1.events.list({"limit": 20}).auto_paging_iter()
        return [event.to_dict() for event in takewhile(lambda event: event.id != seen, listed)]
