"""Two clicks for one change that meet at Stripe, which answers the second 409 while it is at the first.

https://docs.stripe.com/api/idempotent_requests
"""

import pytest

from billing.errors import CheckoutConflict, StripeKeyInUse
from billing.services.change_subscription import ChangeStatus, change_subscription
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE
from tests.fakes.subscriber import SUB, subscribed_core, wanted

IN_USE = StripeKeyInUse("in use", status=409)


@pytest.fixture
def core() -> Core:
    return subscribed_core()


def test_a_second_click_waits_for_the_change_that_the_first_is_making(core):
    def meets():
        change_subscription(wanted(), core.change)
        raise IN_USE

    core.calls.before("change", meets, lambda: None)
    assert change_subscription(wanted(), core.change).status is ChangeStatus.CHANGED
    assert len(core.plans.billed) == len(set(core.plans.keys)) == 1
    assert core.clock.slept == [0.1]  # half of the limit: FakeRandomness


def test_a_change_that_another_click_is_making_for_too_long_is_a_conflict_and_no_outage(core):
    core.calls.broken["change"] = IN_USE
    with pytest.raises(CheckoutConflict) as told:
        change_subscription(wanted(), core.change)
    assert told.value.ids == {"user_id": ALICE, "subscription_id": SUB}
    assert core.calls.count("change") == 4
    assert core.clock.slept == [0.1, 0.2, 0.4]
