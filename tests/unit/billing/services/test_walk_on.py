"""Several lists in one run: what each came to is added up, and none hides what another one came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from billing.domain.ids import CustomerId
from billing.errors import BillingError, StoreUnavailable, StripeUnavailable
from billing.services.walk_on import Walked, each_in_turn
from tests.fakes.catching_up import HOUR, CatchingUp
from tests.fakes.core import a_notice
from tests.fakes.lifecycles import refunds
from tests.fakes.looking import World
from tests.fakes.snapshots import BOB, CUSTOMER, DAY, NOW, SESSION, an_order
from tests.fakes.stripe_told import told_invoice

STARTED = NOW + HOUR


def fails(error: BillingError) -> Callable[[], Walked]:
    def read_on() -> Walked:
        raise error

    return read_on


@pytest.mark.parametrize(
    "first", [Walked(2, 1, more=True), Walked(2, 1, more=False, overtaken=True), Walked(2, 1, more=False)]
)
def test_what_the_first_list_came_to_is_told_though_the_last_one_is_at_its_end(first: Walked) -> None:
    found = each_in_turn([lambda: first, lambda: Walked(3, 0, more=False)], STARTED, CatchingUp().deps.walking)
    assert found == replace(first, read=5)


def test_of_several_lists_that_can_not_be_read_the_first_says_why() -> None:
    lists = [fails(StripeUnavailable("down")), fails(StoreUnavailable("throttled"))]
    with pytest.raises(StripeUnavailable):
        each_in_turn(lists, STARTED, CatchingUp().deps.walking)


def test_of_two_customers_on_a_page_each_is_held_against_an_account_of_its_own() -> None:
    world = World()
    world.core.has_customer(BOB, CustomerId("cus_bob"))
    world.lists.invoices.made = [
        told_invoice(id="in_8", period_end=NOW + 60 * DAY),
        told_invoice(id="in_9", customer="cus_bob"),
    ]
    assert world.run(only="invoices") == Walked(read=2, queued=2, more=False)
    assert [message["customer"] for message in world.core.queue.messages] == ["cus_bob", CUSTOMER]


@pytest.mark.parametrize("listed", [("re_1", "re_2"), ("re_2", "re_1")])
def test_of_two_refunds_of_a_payment_each_is_held_against_what_is_stored(listed: tuple[str, str]) -> None:
    """F37, F50: one page tells both, and of one of them nobody has heard."""
    world = World()
    world.core.has_session(an_order())
    world.core.stripe.pay(SESSION)
    refunds(("re_2", 100, "succeeded"))(world.core, NOW)
    world.core.deliver(a_notice())
    refunds(*((name, 100, "succeeded") for name in listed))(world.core, NOW)
    world.told()
    world.brings_back("refund.updated", only="refunds")
    assert world.core.granted()[-2:] == [("REFUND", -100), ("REFUND", -100)]
