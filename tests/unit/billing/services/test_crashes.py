"""A process that dies at any call, with its effect or without it: the next try ends as if nothing had happened."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from billing.ports.stripe import OpenSession
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, a_refund
from tests.fakes.world import Crash

CALLS = range(14)  # more than any of the steps makes


def survives(core: Core, step: Callable[[], object], number: int, *, effect: bool) -> bool:
    """Run the step, let it die at this call, and run it again; whether it got that far."""
    at = len(core.calls.made) + number
    core.calls.crash_after, core.calls.crash_before = (at, -1) if effect else (-1, at)
    try:
        step()
    except Crash:
        core.tables.check()
        step()
        return True
    finally:
        core.tables.check()
    return False


def calls_of(step: Callable[[Core], object]) -> int:
    """How many calls the step makes when nothing happens to it: at each of them it must have died once."""
    core = Core()
    step(core)
    return len(core.calls.made)


def buy(core: Core, lookup_key: str) -> OpenSession:
    return start_checkout(a_request(lookup_key), core.checkout)


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("lookup_key", ["credits", "pro_monthly"])
def test_a_checkout_that_died_is_resumed_with_one_customer_one_order_and_one_session(lookup_key, effect):
    died = 0
    for number in CALLS:
        core = Core()
        died += survives(core, lambda core=core: buy(core, lookup_key), number, effect=effect)  # type: ignore[misc]
        assert len(core.stripe.customers) == len(core.tables.orders) == 1
        assert core.stripe.open_sessions == ["cs_1"]
        assert [claim.session for claim in core.tables.claims.values()] == ["cs_1"]
        assert core.tables.owners == {"cus_1": ALICE}
    assert died == calls_of(lambda core: buy(core, lookup_key))


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("lookup_key", ["credits", "pro_monthly"])
def test_a_batch_whose_consumer_died_is_delivered_again_and_has_one_effect(lookup_key, effect):
    """F09: whoever sent or worked on it died, a second message has no second effect."""
    granted = [("PURCHASE", 500)] if lookup_key == "credits" else [("PURCHASE", 100), ("ACCESS", 0)]
    died = 0
    for number in CALLS:
        core = Core()
        session = buy(core, lookup_key).id
        core.stripe.pay(session)
        notices = [a_notice(customer="cus_1"), a_notice("customer.updated", id="evt_2", customer="cus_1", related={})]
        died += survives(core, lambda core=core, told=notices: core.deliver(*told), number, effect=effect)  # type: ignore[misc]
        assert core.granted() == granted
        assert set(core.outcomes()) == core.cache.done == {"evt_1", "evt_2"}
    assert died >= 5  # owners, sources, load, snapshot, commit


@pytest.mark.parametrize("effect", [True, False])
def test_a_refund_whose_consumer_died_is_taken_back_once(effect):
    for number in CALLS:
        core = Core()
        session = buy(core, "credits").id
        core.stripe.pay(session)
        core.deliver(a_notice(customer="cus_1"))
        paid = core.stripe.sessions[session]
        assert paid.payment is not None
        core.stripe.sessions[session] = replace(paid, payment=replace(paid.payment, refunds=(a_refund(250),)))
        refund = a_notice("refund.created", id="evt_2", customer=None, related={"payment_intent": paid.payment.intent})
        survives(core, lambda core=core, told=refund: core.deliver(told), number, effect=effect)  # type: ignore[misc]
        assert core.granted() == [("PURCHASE", 500), ("REFUND", -250)]
