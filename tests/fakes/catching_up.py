"""The events that Stripe lists, and the queue they are put onto by catching up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from billing.domain.events import Origin
from billing.services.catch_up import LISTS, CatchUpDeps, catch_up
from billing.services.walk_on import WalkDeps, Walked
from tests.fakes.core import Core
from tests.fakes.event_lists import FakeEventList, FakeWalks
from tests.fakes.webhook_edge import PAYLOAD

HOUR = timedelta(hours=1)
TYPE, OTHER = LISTS[0][0], LISTS[1][0]
"""A type of each list."""


class CatchingUp:
    """Stripe, the queue, and runs over the lists between them."""

    def __init__(self) -> None:
        self.core = Core()
        self.calls = self.core.calls
        self.listed = FakeEventList(self.calls)
        self.walks = FakeWalks(self.calls)
        core = self.core
        origin = Origin(livemode=False)
        walking = WalkDeps(self.walks, core.events, core.queue, origin, core.clock, core.log, core.metrics)
        self.deps = CatchUpDeps(self.listed, walking)

    def made(self, name: str, kind: str = TYPE, ago: timedelta = HOUR, **changed: Any) -> None:
        """An event that Stripe made so long ago."""
        created = int((self.core.clock.now() - ago).timestamp())
        event = PAYLOAD | {"id": name, "type": kind, "created": created, "pending_webhooks": 1}
        self.listed.made.append(event | changed)

    def run(self, *, deadline: timedelta = HOUR, undelivered: bool = False) -> Walked:
        return catch_up(self.core.clock.now() + deadline, "run-1", self.deps, undelivered=undelivered)

    def queued(self) -> list[str]:
        found = [message["id"] for message in self.core.queue.messages]
        self.core.queue.bodies.clear()
        return found
