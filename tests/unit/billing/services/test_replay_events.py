"""Putting what was parked or quarantined back onto the queue (F53)."""

from dataclasses import replace

import pytest

from billing.domain.events import Origin
from billing.domain.ids import EventId
from billing.domain.records import Outcome
from billing.errors import QueueUnavailable, StripeRefused
from billing.services.replay_events import Replay, replay_events
from tests.fakes.core import Core, a_notice
from tests.fakes.world import raising

pytestmark = pytest.mark.usefixtures("alice_has_paid")


def replay(core: Core, *events: str) -> dict[str, str]:
    found = replay_events([EventId(event) for event in events], core.events, core.queue, core.log)
    return {event: outcome.value for event, outcome in found.items()}


def test_a_quarantined_event_is_queued_as_it_was_and_applied_once(core):
    core.calls.before("snapshot", raising(StripeRefused("no")))
    core.deliver(a_notice())
    assert core.outcomes() == {"evt_1": "QUARANTINED"}
    assert replay(core, "evt_1", "evt_1") == {"evt_1": "SENT"}
    assert core.queue.messages == [a_notice().to_message()]
    core.deliver(*core.queue.bodies)
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert replay(core, "evt_1") == {"evt_1": "SETTLED"}
    assert core.tables.events[EventId("evt_1")].message is None  # nothing is kept of what is settled
    assert core.granted() == [("PURCHASE", 500)]


def test_an_event_of_the_wrong_mode_is_replayed_after_the_setting_was_put_right(core):
    """F30: what the message says of its origin is asked anew."""
    core.deliver(a_notice(livemode=True, quarantine="wrong_mode"))
    assert core.outcomes() == {"evt_1": "QUARANTINED"}
    core.consume = replace(core.consume, origin=Origin(livemode=True))
    replay(core, "evt_1")
    core.deliver(*core.queue.bodies)
    assert core.outcomes() == {"evt_1": "APPLIED"}


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.NOOP, Outcome.IGNORED])
def test_what_has_a_terminal_outcome_is_settled_and_not_sent(core, outcome):
    core.deliver(a_notice("invoice.paid", id="evt_parked", customer="cus_x", related={"invoice": "in_1"}))
    record = core.tables.events[EventId("evt_parked")]
    core.tables.events[record.id] = replace(record, outcome=outcome)
    assert (replay(core, "evt_parked"), core.queue.bodies) == ({"evt_parked": "SETTLED"}, [])


def test_each_is_answered_in_the_order_asked(core):
    core.deliver(a_notice("invoice.paid", id="evt_parked", customer="cus_x", related={"invoice": "in_1"}))
    record = core.tables.events[EventId("evt_parked")]
    core.tables.events[EventId("evt_old")] = type(record)(
        EventId("evt_old"), record.type, record.created, record.outcome, None, record.recorded_at
    )
    assert list(replay(core, "evt_nobody", "evt_parked", "evt_old").items()) == [
        ("evt_nobody", "UNKNOWN"),
        ("evt_parked", "SENT"),
        ("evt_old", "NO_MESSAGE"),
    ]
    assert len(core.queue.bodies) == 1
    assert Replay("UNKNOWN") is Replay.UNKNOWN


def test_a_queue_that_is_down_is_said(core):
    core.deliver(a_notice("invoice.paid", id="evt_parked", customer="cus_x", related={"invoice": "in_1"}))
    core.queue.down = True
    with pytest.raises(QueueUnavailable):
        replay(core, "evt_parked")
