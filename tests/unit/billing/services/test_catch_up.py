"""Catching up on events that never came: what is queued, where it goes on, what two runs do to each other.

F49: webhooks missed for days; money rule 27.
"""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.events import HANDLED
from billing.domain.ids import EventId
from billing.domain.walk import KEPT
from billing.errors import BillingError, QueueUnavailable, StripeBusy, StripeRefused, StripeUnavailable
from billing.services.catch_up import LISTS
from billing.services.walk_on import Walked
from tests.fakes.catching_up import HOUR, OTHER, TYPE, CatchingUp
from tests.fakes.snapshots import NOW
from tests.fakes.webhook_edge import PAYLOAD
from tests.fakes.world import Crash, raising

LATER = NOW + HOUR


@pytest.fixture
def world() -> CatchingUp:
    return CatchingUp()


def test_the_lists_hold_every_handled_type_once_and_no_more_than_stripe_takes() -> None:
    assert sorted(kind for types in LISTS for kind in types) == sorted(HANDLED)
    assert max(map(len, LISTS)) <= 20


def test_what_is_not_recorded_is_queued_as_the_webhook_would(world: CatchingUp) -> None:
    world.made("evt_1", ago=9 * timedelta(days=1))
    world.made("evt_2", OTHER)
    assert world.run() == Walked(read=2, queued=2, more=False)
    (message, _) = world.core.queue.messages
    assert (message["id"], message["type"], message["object"]) == (
        "evt_1",
        TYPE,
        {"type": "checkout.session", "id": PAYLOAD["data"]["object"]["id"]},
    )
    assert world.queued() == ["evt_1", "evt_2"]
    assert world.core.metrics.counts["EventsCaughtUp"] == 2
    assert world.core.log.messages == ["event caught up", "event caught up", "caught up on events"]


def test_what_has_no_correlation_of_its_own_gets_the_runs(world: CatchingUp) -> None:
    bare = {name: value for name, value in PAYLOAD["data"]["object"].items() if name != "metadata"}
    world.made("evt_1", data={"object": bare})
    world.run()
    assert [message["correlationId"] for message in world.core.queue.messages] == ["run-1"]


@pytest.mark.parametrize("outcome", ["APPLIED", "NOOP", "IGNORED", "PARKED", "QUARANTINED"])
def test_what_is_recorded_is_left_alone(world: CatchingUp, outcome: str) -> None:
    """Also what waits for a person or for its owner: that has ways of its own back onto the queue."""
    world.core.has_customer()
    world.made("evt_1")
    world.run()
    world.core.deliver(*world.core.queue.bodies)
    record = world.core.tables.events[EventId("evt_1")]
    world.core.tables.events[EventId("evt_1")] = replace(record, outcome=type(record.outcome)(outcome))
    world.queued()
    world.core.clock.time = LATER
    assert world.run() == Walked(read=1, queued=0, more=False)
    assert world.queued() == []


def test_the_newest_are_left_to_their_webhooks_and_queued_the_next_time(world: CatchingUp) -> None:
    world.made("evt_1", ago=timedelta(minutes=9))
    assert world.run().read == 0
    world.core.clock.time = LATER
    world.run()
    assert world.queued() == ["evt_1"]


def test_what_stripe_lists_late_is_found_by_the_overlap(world: CatchingUp) -> None:
    world.run()
    world.core.clock.time = NOW + timedelta(minutes=40)
    world.made("evt_late", ago=timedelta(minutes=60))  # before the end of the first pass
    world.run()
    assert world.queued() == ["evt_late"]


def test_a_page_without_any_is_counted_as_well(world: CatchingUp) -> None:
    """F49: by their number the alarm knows that the list was read (docs/alarms.md, catch-up-not-run)."""
    world.run()
    assert world.core.metrics.counts == {"EventsCaughtUp": 0}


def test_what_is_older_is_not_read_again(world: CatchingUp) -> None:
    world.made("evt_1", ago=timedelta(hours=3))
    assert world.run().read == 1
    world.core.clock.time = LATER
    assert world.run().read == 0


def test_many_pages_are_read_to_the_end(world: CatchingUp) -> None:
    for number in range(250):
        world.made(f"evt_{number}", ago=timedelta(days=10) - timedelta(minutes=number))
    assert world.run() == Walked(read=250, queued=250, more=False)
    assert sorted(world.queued()) == sorted(f"evt_{number}" for number in range(250))
    assert world.calls.count("page") == 3 + 1
    world.core.clock.time = LATER
    assert world.run().read == 0


def test_at_its_deadline_a_run_stops_and_the_next_one_goes_on(world: CatchingUp) -> None:
    for number in range(250):
        world.made(f"evt_{number}", ago=timedelta(days=1) - timedelta(minutes=number))
    world.made("evt_other", OTHER)
    assert world.run(deadline=timedelta()) == Walked(read=100, queued=100, more=True)
    world.made("evt_meanwhile")
    world.core.clock.time += timedelta(minutes=5)
    assert world.run(deadline=timedelta()) == Walked(read=1, queued=1, more=True)
    assert world.run(deadline=timedelta()) == Walked(read=100, queued=100, more=True)
    assert world.run(deadline=timedelta()) == Walked(read=50, queued=50, more=True)
    assert len(set(world.queued())) == 251
    world.core.clock.time = LATER
    world.run()
    assert sorted(world.queued()) == ["evt_meanwhile", "evt_other"], "the second by the overlap: nobody recorded it"


@pytest.mark.parametrize("undelivered", [False, True])
def test_no_list_waits_for_ever_behind_another(world: CatchingUp, undelivered: bool) -> None:
    """Each run has time for a page, and of the first list there are two, each time anew."""
    for number in range(150):
        world.made(f"evt_{number}")
    world.made("evt_other", OTHER)
    for _ in range(4):
        world.run(deadline=timedelta(), undelivered=undelivered)
    assert "evt_other" in world.queued()
    kind = "undelivered" if undelivered else "events"
    assert all(world.walks.kept[f"{kind}:{number}"].seen > NOW - HOUR for number in range(2))


@pytest.mark.parametrize("call", range(11))
@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_run_that_dies_anywhere_loses_nothing(world: CatchingUp, call: int, effect: str) -> None:
    """The next run begins a page back at most, and what is queued twice is applied once."""
    for number in range(150):
        world.made(f"evt_{number}")
    setattr(world.calls, f"crash_{effect}", call)
    with pytest.raises(Crash):
        world.run()
    setattr(world.calls, f"crash_{effect}", -1)
    world.run()
    assert set(world.queued()) == {f"evt_{number}" for number in range(150)}


def test_of_two_runs_at_once_one_goes_on(world: CatchingUp) -> None:
    for number in range(150):
        world.made(f"evt_{number}")
    inner: list[Walked] = []
    world.calls.after("page", lambda: inner.append(world.run()))
    assert world.run() == Walked(read=100, queued=100, more=False, overtaken=True), (
        "how far the other comes is not known"
    )
    assert inner == [Walked(read=150, queued=150, more=False)]
    assert world.walks.kept["events:0"].until is None
    assert set(world.queued()) == {f"evt_{number}" for number in range(150)}


def test_a_pass_begins_anew_when_stripe_has_forgotten_where_it_was(world: CatchingUp) -> None:
    for number in range(150):
        world.made(f"evt_{number}", ago=timedelta(days=1))
    world.run(deadline=timedelta())
    world.queued()
    last = world.walks.kept["events:0"].after
    world.listed.made = [event for event in world.listed.made if event["id"] != last]
    assert world.run().read == 149
    assert len(world.queued()) == 149


def test_another_refusal_is_not_taken_for_that(world: CatchingUp) -> None:
    world.calls.broken["page"] = StripeRefused("no", stripe_code="resource_missing")
    with pytest.raises(StripeRefused):
        world.run()
    world.calls.broken.clear()
    for number in range(150):
        world.made(f"evt_{number}")
    world.run(deadline=timedelta())
    world.calls.broken["page"] = StripeRefused("no", stripe_code="rate_limit")
    world.calls.made.clear()
    with pytest.raises(StripeRefused):
        world.run()
    assert world.calls.count("page") == len(LISTS), "one of each, and none anew"


@pytest.mark.parametrize(
    ("call", "error"), [("page", StripeUnavailable("down")), ("records", StripeUnavailable("the table is down"))]
)
def test_what_fails_is_raised_and_nothing_is_taken_for_seen(world: CatchingUp, call: str, error: Exception) -> None:
    world.made("evt_1")
    world.calls.before(call, raising(error))
    with pytest.raises(type(error)):
        world.run()
    world.run()
    assert world.queued() == ["evt_1"]


def test_a_list_that_can_not_be_read_keeps_no_other_waiting(world: CatchingUp) -> None:
    """It was seen to its end the longest time ago, so it is the first of every run, and fails every one."""
    for hour in range(3):
        world.made(f"evt_{hour}", OTHER)
        world.calls.before("page", raising(StripeRefused("no")))
        with pytest.raises(StripeRefused):
            world.run()
        world.core.clock.time += HOUR
    assert set(world.queued()) == {"evt_0", "evt_1", "evt_2"}
    assert world.walks.kept.keys() == {"events:1"}
    assert world.core.log.messages.count("list not read") == 3


def test_after_a_list_that_failed_at_the_deadline_no_other_is_begun(world: CatchingUp) -> None:
    world.made("evt_1", OTHER)
    world.calls.before("page", raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        world.run(deadline=timedelta())
    assert world.queued() == []


def test_what_was_queued_before_a_failure_is_counted(world: CatchingUp) -> None:
    for number in range(150):
        world.made(f"evt_{number}")
    world.calls.before("page", lambda: None, raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        world.run()
    assert world.core.metrics.counts["EventsCaughtUp"] == len(world.queued()) == 100


def test_what_was_queued_of_a_page_before_the_queue_failed_is_counted(world: CatchingUp) -> None:
    for number in range(3):
        world.made(f"evt_{number}")
    world.core.queue.room = 2
    with pytest.raises(QueueUnavailable):
        world.run()
    assert world.core.metrics.counts["EventsCaughtUp"] == len(world.queued()) == 2


def test_stripe_that_asks_for_less_ends_the_run_and_keeps_its_place(world: CatchingUp) -> None:
    """F24, money rule 27: no other list is tried, nothing has failed, and the next run goes on from there."""
    for number in range(150):
        world.made(f"evt_{number}")
    world.made("evt_other", OTHER)
    world.calls.before("page", lambda: None, raising(StripeBusy("slow down", retry_after=1.0)))
    assert world.run() == Walked(read=100, queued=100, more=True, busy=True)
    assert world.calls.count("page") == 2
    assert (world.core.metrics.counts["RunsHeldUp"], world.core.log.messages[-2:]) == (
        1,
        ["stripe asks to be asked less", "caught up on events"],
    )
    assert world.run() == Walked(read=51, queued=51, more=False)
    assert len(set(world.queued())) == 151


def test_a_list_that_failed_before_stripe_asked_for_less_is_told(world: CatchingUp) -> None:
    world.calls.before("page", raising(StripeRefused("no")), raising(StripeBusy("slow down")))
    with pytest.raises(BillingError) as failed:
        world.run()
    assert isinstance(failed.value, StripeRefused)


def test_a_queue_that_fails_leaves_the_page_for_the_next_run(world: CatchingUp) -> None:
    world.made("evt_1")
    world.core.queue.down = True
    with pytest.raises(QueueUnavailable):
        world.run()
    world.core.queue.down = False
    world.run()
    assert world.queued() == ["evt_1"]


def test_an_event_that_can_not_be_read_is_counted_and_does_not_stand_in_the_way(world: CatchingUp) -> None:
    world.made("evt_1", object="nothing")
    world.made("evt_2")
    world.run()
    assert world.queued() == ["evt_2"]
    assert world.core.metrics.counts["EventsUnusable"] == 1
    assert [line.ids["event_id"] for line in world.core.log.lines if line.message == "event unusable"] == ["evt_1"]


def test_an_event_of_the_wrong_mode_is_queued_as_such(world: CatchingUp) -> None:
    """F30: the consumer quarantines it, where it is seen."""
    world.made("evt_1", livemode=True)
    world.run()
    assert json.loads(world.core.queue.bodies[0])["quarantine"] == "wrong_mode"


def test_the_second_net_looks_at_all_that_was_not_taken(world: CatchingUp) -> None:
    """An event that Stripe listed days late, long after the first net had passed."""
    world.run()
    world.core.clock.time = NOW + timedelta(days=5)
    world.run()
    world.made("evt_late", ago=timedelta(days=5))
    world.made("evt_taken", ago=timedelta(days=5), pending_webhooks=0)
    world.run()
    assert world.queued() == []
    assert world.run(undelivered=True) == Walked(read=1, queued=1, more=False)
    assert world.queued() == ["evt_late"]
    world.core.clock.time += timedelta(days=1)
    assert world.run(undelivered=True).read == 1  # each of its passes looks at all of them
    world.core.clock.time += KEPT
    assert world.run(undelivered=True).read == 0
