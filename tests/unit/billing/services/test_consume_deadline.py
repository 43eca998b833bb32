"""A batch that runs out of time: nothing more is begun, and what is left is tried again like what failed (F11)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import SessionId
from billing.errors import QueueUnavailable, StripeRefused, StripeUnavailable
from billing.services.adjust_credits import adjust_credits
from tests.fakes.core import a_notice
from tests.fakes.snapshots import ALICE, NOW
from tests.fakes.world import FakeQueue, raising

BOBS = SessionId("cs_bob")
BOB_PAID = a_notice(id="evt_bob", customer="cus_bob", related={"checkout.session": BOBS})

pytestmark = pytest.mark.usefixtures("alice_has_paid", "bob_has_paid")


def test_nothing_is_begun_after_the_deadline(core):
    core.calls.before("commit", lambda: core.clock.sleep(5))
    deadline = NOW + timedelta(seconds=5)
    assert core.deliver(a_notice(), BOB_PAID, deadline=deadline) == {"m2"}
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.queue.delayed == [("receipt-2", 11)]
    assert core.deliver(BOB_PAID, receive_count=2) == frozenset()


def test_each_message_that_is_left_at_the_deadline_waits_as_long_as_one_that_failed(core):
    """Without it the queue's own three minutes hold: too long after one late batch, too short in an outage of hours."""
    messages = [a_notice(), BOB_PAID, BOB_PAID]
    assert core.deliver(*messages, deadline=NOW, receive_count=3) == {"m1", "m2", "m3"}
    assert core.queue.delayed == [("receipt-1", 45), ("receipt-2", 45), ("receipt-3", 45)]
    assert core.calls.made == []


def test_a_group_that_is_split_stops_at_the_deadline_too(core):
    core.calls.before("snapshot", raising(StripeRefused("no")), lambda: core.clock.sleep(5))
    notices = [a_notice(), a_notice("customer.updated", id="evt_2", related={})]
    assert core.deliver(*notices, deadline=NOW + timedelta(seconds=5)) == {"m2"}
    assert core.outcomes() == {"evt_1": "APPLIED"}


def test_routing_one_by_one_stops_at_the_deadline(core):
    """Each of them may wait for a Stripe that hangs: ten of those are longer than a function may run."""

    def hang():
        core.clock.sleep(10)
        raise StripeUnavailable("did not answer")

    core.calls.before("hints", *[hang] * 9)
    refunds = [
        a_notice("refund.created", id=f"evt_{number}", customer=None, related={"payment_intent": "pi_x"})
        for number in range(9)
    ]
    assert core.deliver(*refunds, deadline=NOW + timedelta(seconds=30)) == {f"m{number}" for number in range(1, 10)}
    assert core.calls.count("hints") == 3
    assert [receipt for receipt, _ in core.queue.delayed] == [f"receipt-{number}" for number in range(1, 10)]


def test_what_changes_no_account_is_not_recorded_after_the_deadline_either(core):
    """Each record may wait for a DynamoDB that hangs, and the answer for ten seconds ten times."""
    core.calls.before("record", *[lambda: core.clock.sleep(10)] * 10)
    wrong = [a_notice(id=f"evt_wrong{number}", livemode=True) for number in range(3)]
    foreign = [a_notice("charge.refunded", id=f"evt_{number}", customer="cus_x") for number in range(3)]
    left = core.deliver(*wrong, *foreign, deadline=NOW + timedelta(seconds=15))
    assert left == {"m3", "m4", "m5", "m6"}
    assert core.deliver(*foreign, deadline=NOW + timedelta(seconds=35)) == {"m3"}
    assert core.calls.count("record") == 4
    assert [receipt for receipt, _ in core.queue.delayed[-1:]] == ["receipt-3"]


def test_what_never_succeeds_is_quarantined_however_late_it_turns_out(core):
    core.calls.before("hints", lambda: (core.clock.sleep(60), raising(StripeRefused("no"))()))
    refund = a_notice("refund.created", customer=None, related={"payment_intent": "pi_x"})
    assert core.deliver(refund, deadline=NOW + timedelta(seconds=15)) == frozenset()
    assert core.outcomes() == {"evt_1": "QUARANTINED"}


def test_a_slow_stripe_is_asked_for_owners_half_the_time_and_what_was_found_is_done(core):
    """Asked for ten owners at three seconds each, it would use up the function's life, at every delivery anew."""
    core.calls.after("hints", *[lambda: core.clock.sleep(3)] * 10)
    refunds = [
        a_notice("refund.created", id=f"evt_{number}", customer=None, related={"payment_intent": "pi_x"})
        for number in range(10)
    ]
    left = core.deliver(*refunds, deadline=NOW + timedelta(seconds=18))
    assert left == {f"m{number}" for number in range(4, 11)}
    assert core.outcomes() == dict.fromkeys(["evt_0", "evt_1", "evt_2"], "IGNORED")
    assert [receipt for receipt, _ in core.queue.delayed] == [f"receipt-{number}" for number in range(4, 11)]


def test_what_is_published_is_what_holds_now_and_not_at_the_deadline(core):
    adjust_credits(ALICE, 100, "welcome", "ada", "key-1", NOW + timedelta(seconds=30), core.use)
    core.deliver(a_notice(), deadline=NOW + timedelta(minutes=1))
    assert core.cache.accounts[ALICE].balance == 100 + 500


def test_a_queue_that_hangs_holds_up_no_event_and_no_publish_and_not_the_answer(core):
    """Stripe refuses nine events of a batch, and SQS takes five seconds to put off none of them."""

    class Hanging(FakeQueue):
        def delay(self, receipt: str, seconds: int) -> None:
            assert core.cache.done == {"evt_1"}, "published before"
            core.clock.sleep(5)
            raise QueueUnavailable("did not answer")

    core.consume = replace(core.consume, queue=Hanging())
    core.calls.broken["hints"] = StripeUnavailable("down")
    refunds = [
        a_notice("refund.created", id=f"evt_{number}", customer=None, related={"payment_intent": "pi_x"})
        for number in range(2, 11)
    ]
    unfinished = core.deliver(*refunds, a_notice(), deadline=NOW + timedelta(seconds=20))
    assert unfinished == {f"m{number}" for number in range(1, 10)}
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.cache.accounts[ALICE].balance == 500
    assert core.clock.now() == NOW + timedelta(seconds=20), "the first that fails at the deadline is the last"
