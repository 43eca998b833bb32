"""What fails in a batch holds up no other event of it, and what goes on failing is told."""

import pytest

from billing.errors import MalformedObject, StripeUnavailable
from tests.fakes.core import a_notice

pytestmark = pytest.mark.usefixtures("alice_has_paid")


@pytest.mark.parametrize("error", [ValueError("a bug"), MalformedObject("DynamoDB refused")], ids=["bug", "refused"])
def test_a_record_that_can_not_be_written_holds_up_no_other_event(core, error):
    """F13."""
    core.calls.broken["record"] = error
    foreign = a_notice("customer.updated", id="evt_f", customer="cus_x", related={})
    assert core.deliver(foreign, a_notice()) == {"m1"}
    assert core.outcomes() == {"evt_1": "APPLIED"}


def test_what_has_failed_for_a_quarter_of_an_hour_is_told_though_the_queue_counts_it_no_more(core):
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    core.deliver(a_notice(), receive_count=7)
    assert "EventsLate" not in core.metrics.counts
    core.deliver(a_notice(), receive_count=8)
    assert core.metrics.counts["EventsLate"] == 1
