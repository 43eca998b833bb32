"""Starting a checkout: one payable session for each order, however many tabs ask, stall or die."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.ids import PurchaseKey, SessionId, UserId
from billing.domain.purchase import PurchaseState
from billing.errors import (
    PriceUnavailable,
    QuantityOutOfRange,
    TooManyCheckouts,
    UnknownPrice,
)
from billing.ports.stripe import OpenSession
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core
from tests.fakes.requests import a_request
from tests.fakes.snapshots import (
    ALICE,
    CREDITS,
    NOW,
    a_price,
)

HOUR = timedelta(hours=1)


def start(core: Core, lookup_key: str | None = "credits", quantity: int = 1, **given: Any) -> OpenSession:
    return start_checkout(a_request(lookup_key, quantity, **given), core.checkout)


def test_the_first_checkout_makes_account_customer_order_claim_session_and_purchase(core):
    session = start(core, quantity=3)
    assert session == OpenSession(SessionId("cs_1"), "https://checkout.stripe.test/cs_1", NOW + 23 * HOUR)
    order = core.tables.orders[next(iter(core.tables.orders))]
    assert (order.user, order.mode, order.currency, order.created_at) == (ALICE, "payment", "eur", NOW)
    assert [(line.price_id, line.quantity, line.gives.credits) for line in order.lines] == [("price_credits", 3, 500)]
    (claim,) = core.tables.claims.values()
    assert (claim.generation, claim.order, claim.session, claim.url) == (1, order.id, "cs_1", session.url)
    purchase = core.tables.purchases[PurchaseKey("cs_1")]
    assert (purchase.state, purchase.order, purchase.user, purchase.version) == (
        PurchaseState.OPEN,
        order.id,
        ALICE,
        1,
    )
    assert core.tables.owners == {"cus_1": ALICE}
    assert core.stripe.customers == {"cus_1": (ALICE, "alice@example.com")}
    assert core.metrics.counts["CheckoutsStarted{mode=payment}"] == 1


def test_the_order_is_written_before_the_session_exists_and_the_url_only_after_it_is_attached(core):
    """Money rule 13."""
    start(core)
    steps = [name for name in core.calls.made if name in ("own_customers", "take", "create_session", "attach")]
    assert steps == ["own_customers", "take", "create_session", "attach"]


def test_what_the_price_gives_is_read_from_stripe_and_frozen(core):
    start(core)
    core.stripe.prices[CREDITS.id] = a_price("credits", 500, credits=1)
    assert core.tables.purchases[PurchaseKey("cs_1")].lines[0].gives.credits == 500


@pytest.mark.parametrize("quantity", [0, -1, 11, 10**9])
def test_a_quantity_out_of_bounds_is_refused_before_anything_is_asked(core, quantity):
    """S13."""
    with pytest.raises(QuantityOutOfRange):
        start(core, quantity=quantity)
    assert core.calls.made == []


@pytest.mark.parametrize("quantity", [1, 10])
def test_the_bounds_themselves_are_allowed(core, quantity):
    assert start(core, quantity=quantity).id == "cs_1"


@pytest.mark.parametrize("named", [{"price_id": "price_none"}, {"lookup_key": "none"}])
def test_a_checkout_of_an_unknown_price_is_refused(core, named):
    with pytest.raises(UnknownPrice):
        start(core, **named)


def test_a_price_can_be_bought_by_its_id(core):
    assert start(core, lookup_key=None, price_id=CREDITS.id).id == "cs_1"


@pytest.mark.parametrize(
    "price",
    [
        replace(CREDITS, active=False),
        replace(CREDITS, problem="credits_amount must be a whole number"),
        replace(CREDITS, unit_amount=None),
        a_price("credits", 500, plan="nothing"),
    ],
)
def test_a_price_that_cannot_be_sold(core, price):
    core.stripe.prices[CREDITS.id] = price
    with pytest.raises(PriceUnavailable):
        start(core)
    assert core.tables.orders == {}


# ----------------------------------------------------------------------------------------------------- the second click


def test_a_double_click_is_one_order(core):
    """F59."""
    assert start(core) == start(core)
    assert (len(core.tables.orders), len(core.stripe.sessions)) == (1, 1)


def test_a_session_is_handed_out_again_only_after_asking_stripe(core):
    """Our records may be behind: it may have been paid, or have ended, a moment ago."""
    start(core)
    core.calls.made.clear()
    core.cache.down = True
    start(core)
    assert core.calls.made == ["price", "load", "claim", "purchase", "is_open"]


def test_two_clicks_at_the_very_same_time_are_one_order(core):
    """F45: the second one begins when the first has taken the claim, and when it has made the session."""
    second: list[OpenSession] = []
    core.calls.after("take", lambda: second.append(start(core)))
    assert start(core) == second[0]
    assert (len(core.tables.orders), len(core.stripe.sessions)) == (1, 1)
    assert core.stripe.open_sessions == ["cs_1"]


def test_a_click_that_finds_the_slot_free_and_then_taken_uses_what_the_other_made(core):
    second: list[OpenSession] = []
    core.calls.before("take", lambda: second.append(start(core)))
    assert start(core) == second[0]
    assert len(core.tables.orders) == 1


def test_the_same_pack_twice_on_one_day_is_two_orders(core):
    """F59."""
    first = start(core)
    core.stripe.pay(first.id)
    second = start(core)
    assert second.id != first.id
    assert len(core.tables.orders) == 2
    assert core.granted() == [("PURCHASE", 500)]  # the look at the first one has granted it
    core.stripe.pay(second.id)
    start(core)
    assert core.account().balance == 1000


def test_different_packs_do_not_wait_for_each_other(core):
    first, second = start(core), start(core, "credits_90")
    assert core.stripe.open_sessions == [first.id, second.id]


def test_another_quantity_is_another_order(core):
    assert start(core).id != start(core, quantity=2).id


def test_a_pack_that_gives_something_else_by_now_is_another_order(core):
    first = start(core)
    core.stripe.prices[CREDITS.id] = a_price("credits", 500, credits=400)
    second = start(core)
    assert core.tables.purchases[PurchaseKey(second.id)].lines[0].gives.credits == 400
    assert second.id != first.id


def test_an_asynchronous_payment_of_a_pack_does_not_stand_in_the_way_of_another_one(core):
    core.stripe.begin_debit(start(core).id)
    assert start(core).id == "cs_2"


def test_a_session_with_little_time_left_is_ended_and_replaced(core):
    first = start(core)
    core.clock.time += 22 * HOUR + timedelta(minutes=25)
    assert start(core).id == "cs_2"
    assert core.stripe.open_sessions == ["cs_2"]
    assert core.tables.purchases[PurchaseKey(first.id)].state is PurchaseState.EXPIRED


def test_the_claim_of_a_session_that_expired_goes_to_the_next_generation(core):
    core.stripe.expire_session(start(core).id)
    assert start(core).id == "cs_2"
    (claim,) = core.tables.claims.values()
    assert claim.generation == 2


# ------------------------------------------------------------------------------------------------------ without end


def limited(core: Core, most: int) -> None:
    core.checkout = replace(core.checkout, selling=replace(core.checkout.selling, checkouts_an_hour=most))


def test_a_user_who_asks_without_end_is_refused_before_stripe_is_asked(core):
    """S22: also where each asks for something else, or for what is not sold. Others go on."""
    limited(core, 2)
    start(core)
    with pytest.raises(UnknownPrice):
        start(core, "nothing")
    core.calls.made.clear()
    core.clock.time = NOW + timedelta(minutes=10)
    with pytest.raises(TooManyCheckouts) as refused:
        start(core)
    assert (core.calls.made, refused.value.retry_after) == ([], 3000)
    assert refused.value.ids["user_id"] == ALICE
    start(core, user=UserId("bob"))


@pytest.mark.parametrize("down", [False, True])
def test_nobody_is_refused_without_a_limit_or_without_redis(core, down):
    """F19: the throttle of the route is left."""
    limited(core, 1 if down else 0)
    core.cache.down = down
    for _ in range(3):
        start(core)
