"""What fails in a batch holds up no other event of it, and what goes on failing is told."""

from dataclasses import replace

import pytest

from billing.errors import MalformedObject, QueueUnavailable, StripeRefused, StripeUnavailable
from tests.fakes.core import a_notice
from tests.fakes.snapshots import NOW
from tests.fakes.world import FakeQueue

pytestmark = pytest.mark.usefixtures("alice_has_paid")


@pytest.mark.parametrize("error", [ValueError("a bug"), MalformedObject("DynamoDB refused")], ids=["bug", "refused"])
def test_a_record_that_can_not_be_written_holds_up_no_other_event(core, error):
    """F13."""
    core.calls.broken["record"] = error
    foreign = a_notice("customer.updated", id="evt_f", customer="cus_x", related={})
    assert core.deliver(foreign, a_notice()) == {"m1"}
    assert core.outcomes() == {"evt_1": "APPLIED"}
    [said] = [line for line in core.log.lines if line.level == "error"]
    assert said.ids["event_id"] == "evt_f"
    assert said.ids.get("error", said.ids.get("reason")) in ("ValueError", "DynamoDB refused")


def test_what_has_failed_for_a_quarter_of_an_hour_is_told_though_the_queue_counts_it_no_more(core):
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    core.deliver(a_notice(), receive_count=7)
    assert "EventsLate" not in core.metrics.counts
    for received in (8, 9, 40):
        core.deliver(a_notice(), receive_count=received)
    assert core.metrics.counts["EventsLate"] == 3


def test_a_message_that_can_not_be_put_off_holds_up_no_other(core):
    """F23: one receipt may have run out, of an event that came in two messages."""

    class Stale(FakeQueue):
        def delay(self, receipt: str, seconds: int) -> None:
            if receipt == "receipt-1":
                raise QueueUnavailable("the receipt has run out")
            super().delay(receipt, seconds)

    queue = Stale()
    core.consume = replace(core.consume, queue=queue)
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert core.deliver(a_notice(), a_notice(), receive_count=9) == {"m1", "m2"}
    assert queue.delayed == [("receipt-2", 675)]
    assert core.metrics.counts["EventsLate"] == 2


def test_the_cache_is_told_before_what_failed_is_put_off(core):
    """F20: the queue may hang at each message, until the function is cut off."""

    class Slow(FakeQueue):
        def delay(self, receipt: str, seconds: int) -> None:
            assert core.cache.done == {"evt_1"}
            super().delay(receipt, seconds)

    core.consume = replace(core.consume, queue=Slow())
    core.calls.broken["hints"] = StripeUnavailable("down")
    late = a_notice("refund.created", id="evt_late", customer=None, related={"payment_intent": "pi_x"})
    assert core.deliver(late, a_notice()) == {"m1"}
    assert len(core.consume.queue.delayed) == 1


def test_what_may_succeed_later_is_tried_once_for_all_of_its_group(core):
    """F23: while Stripe is down, forty events of an account must not ask it forty times."""
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert core.deliver(a_notice(), a_notice("customer.updated", id="evt_2", related={})) == {"m1", "m2"}
    assert core.calls.count("snapshot") == 1


@pytest.mark.parametrize(
    ("error", "retryable"), [(StripeUnavailable("down"), True), (StripeRefused("no such thing"), False)]
)
def test_what_has_failed_is_said_with_its_event_and_whether_it_comes_again(core, error, retryable):
    """The runbook looks for `retryable` (docs/alarms.md, events-late)."""
    core.calls.broken["snapshot"] = error
    core.deliver(a_notice())
    said = next(line for line in core.log.lines if line.message == "failed")
    about = {"event_id": "evt_1", "event_type": "checkout.session.completed", "correlation_id": "correlation-1"}
    assert said.ids == {**about, "code": error.code, "reason": error.message, "retryable": retryable}


WRONG_MODE = replace(a_notice(), livemode=True)
FOREIGN = a_notice("customer.updated", customer=None, related={})


@pytest.mark.parametrize(
    ("notice", "level", "outcome", "reason"),
    [(WRONG_MODE, "warning", "QUARANTINED", "wrong_mode"), (FOREIGN, "info", "IGNORED", "foreign payment")],
)
def test_what_is_recorded_is_said_with_its_outcome_and_why(core, notice, level, outcome, reason):
    """F30: what waits for a person is a warning."""
    core.deliver(notice)
    [said] = [line for line in core.log.lines if line.message == "event recorded"]
    about = {"event_id": "evt_1", "event_type": notice.type, "correlation_id": "correlation-1"}
    assert (said.level, said.ids) == (level, {**about, "outcome": outcome, "reason": reason})
    assert core.tables.events[notice.id].recorded_at == NOW


def test_what_was_applied_and_comes_again_as_somebody_elses_is_no_warning(core):
    core.deliver(a_notice())
    core.deliver(WRONG_MODE)
    [said] = [line for line in core.log.lines if line.message == "skipped replay"]
    assert said.level == "info"
    assert core.outcomes() == {"evt_1": "APPLIED"}


def test_what_was_parked_of_an_account_that_can_not_be_read_is_not_asked_for_without_end(core):
    """Each of its events is quarantined, and what is left to do is one converge, which fails like theirs."""
    owners = dict(core.tables.owners)
    core.tables.owners.clear()
    core.deliver(a_notice("customer.updated", id="evt_parked", related={}))
    core.tables.owners |= owners
    core.calls.broken["snapshot"] = MalformedObject("no")
    core.deliver(a_notice("customer.updated", id="evt_next", related={}))
    assert core.outcomes() == {"evt_next": "QUARANTINED", "evt_parked": "QUARANTINED"}
    assert core.calls.count("snapshot") == 4
    del core.calls.broken["snapshot"]
    core.deliver(a_notice())
    assert core.tables.parked == {}
