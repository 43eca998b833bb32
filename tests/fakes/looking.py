"""Looks at the objects of a Stripe whose lists tell of one subscriber."""

from __future__ import annotations

from datetime import timedelta

from billing.domain.events import Origin
from billing.services.look_at_objects import Look, look_at_objects
from billing.services.looks import LookDeps, looks
from billing.services.walk_on import WalkDeps, Walked
from tests.fakes.event_lists import FakeWalks
from tests.fakes.object_lists import FakeKnown, FakeLists, FakeParked, FakeRenewals
from tests.fakes.snapshots import DAY
from tests.fakes.stripe_told import told_by
from tests.fakes.subscriber import subscribed_core

HOUR = timedelta(hours=1)
LISTS = ("sessions", "subscriptions", "invoices", "refunds", "disputes", "parked", "renewals")


class World:
    """Alice has Pro with its 100 credits, and Stripe's lists tell of her."""

    def __init__(self) -> None:
        self.trial_credits = False
        core = self.core = subscribed_core()
        self.lists = FakeLists(core.calls)
        self.walks = FakeWalks(core.calls)
        origin = Origin(livemode=False)
        self.walking = WalkDeps(self.walks, core.events, core.queue, origin, core.clock, core.log, core.metrics)
        self.told()

    def told(self) -> None:
        told_by(self.core.stripe, self.lists)

    def every(self) -> tuple[Look, ...]:
        tables = self.core.tables
        ours = FakeParked(tables), FakeRenewals(tables)
        known = FakeKnown(tables)
        return looks(LookDeps(self.lists.every, *ours, known, self.core.stripe, trial_credits=self.trial_credits))

    def run(self, deadline: timedelta = HOUR, *, now: bool = False, only: str | None = None) -> Walked:
        wanted = [look for look in self.every() if only in (None, look.name)]
        return look_at_objects(wanted, self.core.clock.now() + deadline, "run-00001", self.walking, now=now)

    def brings_back(self, *queued: str, only: str | None = None) -> None:
        """A pass queues events of these types, which are applied; the next one finds nothing."""
        found = self.run(only=only)
        assert [message["type"] for message in self.core.queue.messages] == [*queued]
        assert (found.queued, found.more) == (len(queued), False)
        bodies = [*self.core.queue.bodies]
        self.core.queue.bodies.clear()
        for body in bodies:
            assert self.core.deliver(body, deadline=self.core.clock.now() + HOUR) == frozenset()
        self.core.clock.time += DAY
        assert self.run(only=only).queued == 0
