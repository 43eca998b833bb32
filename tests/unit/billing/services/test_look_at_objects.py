"""Looking at objects of which Stripe made no event: what is queued, what it costs, where it goes on.

F50: Stripe never generated the event; money rule 27.
"""

from datetime import timedelta
from typing import Any

import pytest

from billing.domain.events import Origin
from billing.domain.ids import CustomerId, OrderId, PurchaseKey, UserId
from billing.errors import QueueUnavailable, StripeRefused
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import SESSIONS_BACK, LookDeps, looks
from billing.services.walk_on import WalkDeps, Walked
from tests.fakes.core import Core
from tests.fakes.event_lists import FakeWalks
from tests.fakes.object_lists import FakeKnown, FakeLists, FakeParked, FakeRenewals
from tests.fakes.snapshots import CUSTOMER, NOW, SESSION, an_order
from tests.fakes.world import Crash

HOUR = timedelta(hours=1)


class World:
    """Alice has an open session here, and Stripe's list of sessions."""

    def __init__(self) -> None:
        core = self.core = Core()
        core.has_customer()
        core.has_session(an_order())
        lists = FakeLists(core.calls)
        self.listed = lists.sessions
        self.walks = FakeWalks(core.calls)
        origin = Origin(livemode=False)
        self.deps = WalkDeps(self.walks, core.events, core.queue, origin, core.clock, core.log, core.metrics)
        ours = FakeParked(core.tables), FakeRenewals(core.tables)
        self.every = looks(LookDeps(lists.every, *ours, FakeKnown(core.tables), core.stripe, trial_credits=False))
        self.looks = self.every[:1]

    def lists(self, name: str = SESSION, ago: timedelta = HOUR, **changed: Any) -> None:
        """A session that Stripe lists; by default it is paid."""
        session = {
            "id": name,
            "object": "checkout.session",
            "created": int((NOW - ago).timestamp()),
            "livemode": False,
            "status": "complete",
            "payment_status": "paid",
            "customer": CUSTOMER,
            "client_reference_id": an_order().id,
            "metadata": {},
        }
        self.listed.made.append(session | changed)

    def lists_foreign(self, number: int) -> None:
        for each in range(number):
            self.lists(f"cs_foreign_{each}", ago=timedelta(days=1) - timedelta(minutes=each), client_reference_id=None)

    def run(self, deadline: timedelta = HOUR) -> Walked:
        return look_at_objects(self.looks, self.core.clock.now() + deadline, "run-00001", self.deps)

    def deliver(self) -> None:
        """The queue hands over what it has."""
        bodies = list(self.core.queue.bodies)
        self.core.queue.bodies.clear()
        assert self.core.deliver(*bodies) == frozenset()


@pytest.fixture
def world() -> World:
    return World()


def test_a_paid_session_without_an_event_is_granted_once(world: World) -> None:
    world.core.stripe.pay(SESSION)
    world.lists()
    assert world.run() == Walked(read=1, queued=1, more=False)
    world.deliver()
    assert world.core.granted() == [("PURCHASE", 500)]
    world.core.clock.time += timedelta(hours=6)
    assert world.run() == Walked(read=1, queued=0, more=False)
    assert world.core.metrics.counts["ObjectsInDoubt"] == 1


def test_an_ended_session_without_an_event_is_closed(world: World) -> None:
    assert world.core.stripe.expire_session(SESSION)
    world.lists(status="expired", payment_status="unpaid")
    world.run()
    world.deliver()
    assert world.core.tables.purchases[PurchaseKey(SESSION)].state.value == "EXPIRED"
    world.core.clock.time += timedelta(hours=6)
    assert world.run().queued == 0


def test_a_session_whose_purchase_was_never_stored_is_found_by_its_order(world: World) -> None:
    world.core.tables.purchases.clear()
    world.core.stripe.pay(SESSION)
    world.lists()
    world.run()
    world.deliver()
    assert world.core.granted() == [("PURCHASE", 500)]


@pytest.mark.parametrize(
    "theirs",
    [
        {"client_reference_id": "ord_theirs"},
        {"client_reference_id": None, "metadata": {"order_id": "ord_theirs"}},
        {"customer": "cus_theirs"},
        {"customer": None},
        {"customer": "cus_bob"},
    ],
)
def test_a_session_of_another_app_is_never_told(world: World, theirs: dict[str, Any]) -> None:
    """F65: also where its order id looks like ours, or is one of ours at another's customer (F35)."""
    world.core.has_customer(UserId("bob"), CustomerId("cus_bob"))
    world.core.tables.purchases.clear()
    world.lists(**theirs)
    for _ in range(3):
        assert world.run() == Walked(read=1, queued=0, more=False)
        world.core.clock.time += timedelta(hours=6)


def test_a_session_of_another_app_beside_one_of_ours_is_not_told_with_it(world: World) -> None:
    world.core.tables.purchases.clear()
    world.lists()
    world.lists("cs_theirs", client_reference_id="ord_theirs")
    assert world.run() == Walked(read=2, queued=1, more=False)


def test_what_is_as_we_know_it_costs_pages_and_no_message(world: World) -> None:
    world.lists_foreign(250)
    world.lists(status="open", payment_status="unpaid")
    assert world.run() == Walked(read=251, queued=0, more=False)
    assert (world.core.calls.count("list sessions"), world.core.calls.count("states")) == (3, 3)
    assert world.core.queue.bodies == []


def test_what_is_too_old_or_too_new_is_left(world: World) -> None:
    world.lists("cs_old", ago=SESSIONS_BACK + HOUR)
    world.lists("cs_new", ago=timedelta(minutes=5))
    assert world.run().read == 0


def test_at_its_deadline_a_run_stops_and_the_next_one_goes_on(world: World) -> None:
    world.lists(ago=timedelta(days=2))
    world.lists_foreign(100)
    assert world.run(deadline=timedelta()) == Walked(read=100, queued=0, more=True)
    assert world.run(deadline=timedelta()) == Walked(read=1, queued=1, more=False)


@pytest.mark.parametrize("call", range(11))
@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_run_that_dies_anywhere_loses_nothing_and_grants_once(world: World, call: int, effect: str) -> None:
    world.core.stripe.pay(SESSION)
    world.core.calls.made.clear()
    world.lists(ago=timedelta(days=2))
    world.lists_foreign(100)
    setattr(world.core.calls, f"crash_{effect}", call)
    with pytest.raises(Crash):
        world.run()
    setattr(world.core.calls, f"crash_{effect}", -1)
    world.core.clock.time += timedelta(minutes=15)
    world.run()
    assert len({message["id"] for message in world.core.queue.messages}) == 1, "a page that is read twice tells it once"
    world.core.clock.time = NOW
    world.deliver()
    assert world.core.granted() == [("PURCHASE", 500)]


def test_of_two_runs_at_once_one_goes_on_and_what_both_queue_is_one_event(world: World) -> None:
    world.core.stripe.pay(SESSION)
    world.lists()
    inner: list[Walked] = []
    world.core.calls.after("list sessions", lambda: inner.append(world.run()))
    assert (world.run(), inner) == (Walked(1, 1, more=False, overtaken=True), [Walked(1, 1, more=False)])
    first, second = world.core.queue.messages
    assert first["id"] == second["id"]
    world.deliver()
    assert world.core.granted() == [("PURCHASE", 500)]


def test_a_pass_begins_anew_when_the_session_after_which_it_was_to_go_on_is_gone(world: World) -> None:
    world.lists(ago=timedelta(days=2))
    world.lists_foreign(100)
    world.run(deadline=timedelta())
    last = world.walks.kept["sessions"].after
    world.listed.made = [session for session in world.listed.made if session["id"] != last]
    assert world.run() == Walked(read=100, queued=1, more=False)


def test_a_list_that_can_not_be_read_keeps_no_other_waiting(world: World) -> None:
    world.looks = world.every
    world.core.calls.broken["list sessions"] = StripeRefused("no")
    for _ in range(2):
        with pytest.raises(StripeRefused):
            world.run()
        world.core.clock.time += timedelta(days=2)
    assert world.walks.kept.keys() == {look.name for look in world.every[1:]}
    assert all(walk.seen > NOW + timedelta(days=1) for walk in world.walks.kept.values())


def test_another_refusal_is_not_taken_for_that(world: World) -> None:
    world.core.calls.broken["list sessions"] = StripeRefused("no", stripe_code="resource_missing")
    with pytest.raises(StripeRefused):
        world.run()
    world.core.calls.broken.clear()
    world.lists_foreign(101)
    world.run(deadline=timedelta())
    world.core.calls.broken["list sessions"] = StripeRefused("no", stripe_code="rate_limit")
    with pytest.raises(StripeRefused):
        world.run()


def test_a_queue_that_fails_leaves_the_page_for_the_next_run(world: World) -> None:
    world.lists()
    world.core.queue.down = True
    with pytest.raises(QueueUnavailable):
        world.run()
    world.core.queue.down = False
    assert world.run().queued == 1


def test_one_that_can_not_be_read_is_counted_and_does_not_stand_in_the_way(world: World) -> None:
    order = OrderId("ord_1")
    world.lists("cs_odd", livemode="no", client_reference_id=order)
    world.lists()
    assert world.run() == Walked(read=2, queued=1, more=False)
    assert world.core.metrics.counts["EventsUnusable"] == 1
    (said,) = (line for line in world.core.log.lines if line.message == "object unusable")
    assert said.ids["stripe_object"] == "cs_odd"  # S16: and nothing else of what Stripe tells of it


def test_a_session_of_the_wrong_mode_is_quarantined(world: World) -> None:
    """F30."""
    world.lists(livemode=True)
    world.run()
    world.deliver()
    assert list(world.core.outcomes().values()) == ["QUARANTINED"]
