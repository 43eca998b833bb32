"""Claims: of several tabs and stalled calls, one ends with a session (money rules 13 and 22)."""

from __future__ import annotations

import pytest

from billing.domain.ids import OrderId, PurchaseKey, SessionId, UserId
from tests.unit.billing.adapters.dynamo_tables import SESSION, USER, World, claim, order, purchase

SECOND = OrderId("ord_2")
OTHER = SessionId("cs_test_2")


def state(world: World) -> object:
    return world.everything()


def test_of_two_first_claims_one_is_taken(world: World) -> None:
    """F45: one payable session."""
    assert world.checkouts.take(claim(), order())
    before = state(world)
    assert not world.checkouts.take(claim(order=SECOND), order(id=SECOND))
    assert state(world) == before


def test_the_next_generation_follows_the_one_before(world: World) -> None:
    assert world.checkouts.take(claim(), order())
    assert world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND))
    assert world.checkouts.claim(USER, "slot") == claim(generation=2, order=SECOND)


@pytest.mark.parametrize("generation", [2, 3, 5])
def test_a_generation_that_does_not_follow_is_refused(world: World, generation: int) -> None:
    for number in (1, 2, 3):
        name = OrderId(f"ord_{number}")
        assert world.checkouts.take(claim(generation=number, order=name), order(id=name))
    before = state(world)
    late = OrderId("ord_late")
    assert not world.checkouts.take(claim(generation=generation, order=late), order(id=late))
    assert state(world) == before


def test_a_next_generation_needs_one_before(world: World) -> None:
    assert not world.checkouts.take(claim(generation=2), order())
    assert world.checkouts.order(order().id) is None


def test_an_order_is_never_overwritten(world: World) -> None:
    assert world.checkouts.take(claim(), order())
    before = state(world)
    assert not world.checkouts.take(claim(slot="other"), order(currency="eur"))
    assert state(world) == before


def test_one_slot_of_two_users_is_two(world: World) -> None:
    bobs = claim(user=UserId("bob"), order=SECOND)
    assert world.checkouts.take(claim(), order())
    assert world.checkouts.claim(bobs.user, bobs.slot) is None
    assert world.checkouts.take(bobs, order(id=SECOND, user=bobs.user))
    assert [world.checkouts.claim(each.user, each.slot) for each in (claim(), bobs)] == [claim(), bobs]


def test_slots_of_one_user_do_not_meet(world: World) -> None:
    assert world.checkouts.take(claim(), order())
    assert world.checkouts.take(claim(slot="subscription", order=SECOND), order(id=SECOND))


def test_a_session_is_attached_once(world: World) -> None:
    world.checkouts.take(claim(), order())
    assert world.checkouts.attach(claim(session=SESSION), purchase())
    before = state(world)
    assert not world.checkouts.attach(claim(session=OTHER), purchase(key=PurchaseKey(OTHER)))
    assert state(world) == before


def test_a_stalled_call_can_not_attach_after_another_took_over(world: World) -> None:
    world.checkouts.take(claim(), order())
    world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND))
    before = state(world)
    assert not world.checkouts.attach(claim(session=SESSION), purchase())
    assert state(world) == before


@pytest.mark.parametrize("ended", [None, OTHER])
def test_a_session_that_was_attached_in_the_meantime_is_not_taken_over(world: World, ended: SessionId | None) -> None:
    """F45: whoever takes the slot has ended the session that it holds, or else two could be paid."""
    world.checkouts.take(claim(), order())
    world.checkouts.attach(claim(session=SESSION), purchase())
    before = state(world)
    assert not world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND), ended)
    assert state(world) == before
    assert world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND), SESSION)


def test_a_session_that_was_ended_must_still_be_the_one_held(world: World) -> None:
    world.checkouts.take(claim(), order())
    assert not world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND), SESSION)


def test_attaching_needs_the_order_of_the_claim(world: World) -> None:
    world.checkouts.take(claim(), order())
    before = state(world)
    assert not world.checkouts.attach(claim(order=SECOND, session=SESSION), purchase())
    assert state(world) == before


def test_attaching_never_overwrites_a_purchase(world: World) -> None:
    """A webhook can be faster than the call that made the session: what it stored stands."""
    world.checkouts.take(claim(), order())
    world.checkouts.attach(claim(session=SESSION), purchase())
    world.checkouts.take(claim(generation=2, order=SECOND), order(id=SECOND), SESSION)
    before = state(world)
    assert not world.checkouts.attach(claim(generation=2, order=SECOND, session=SESSION), purchase(order=SECOND))
    assert state(world) == before


def test_nothing_is_attached_where_no_claim_is(world: World) -> None:
    assert not world.checkouts.attach(claim(session=SESSION), purchase())
    assert world.checkouts.purchase(purchase().key) is None
