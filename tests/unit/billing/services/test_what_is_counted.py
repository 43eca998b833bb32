"""The figures of the dashboard: what each counts once, and what it does not count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.domain.ids import OrderId, SessionId
from billing.errors import StripeRefused, StripeUnavailable
from billing.ports.stripe import Touched
from billing.services.converge import converge, touched_session
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, PRO_MONTHLY, SESSION, a_refund, an_order
from tests.fakes.world import raising

PAID = touched_session(SESSION)
OTHER = SessionId("cs_test_other")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.has_customer()
    return core


def test_a_checkout_is_started_once_however_often_it_is_asked_for() -> None:
    """Else every second click would lower the completion rate."""
    core = Core()
    for _ in range(3):
        start_checkout(a_request("credits", 1), core.checkout)
    assert core.metrics.counts["CheckoutsStarted"] == 1
    start_checkout(a_request("credits", 2), core.checkout)
    assert core.metrics.counts["CheckoutsStarted{mode=payment}"] == 2


@pytest.mark.parametrize("sold", [None, PRO_MONTHLY], ids=["payment", "subscription"])
def test_a_checkout_is_completed_by_whoever_sees_it_paid_first(core: Core, sold) -> None:
    core.has_session(an_order() if sold is None else an_order(sold))
    converge(ALICE, PAID, [], "success_sync", core.converge)
    assert "CheckoutsCompleted" not in core.metrics.counts
    core.stripe.pay(SESSION)
    converge(ALICE, PAID, [], "success_sync", core.converge)
    assert core.metrics.counts["CheckoutsCompleted"] == 1
    converge(ALICE, PAID, [a_notice()], "event_consumer", core.converge)
    assert core.metrics.counts["CheckoutsCompleted"] == 1


def test_two_checkouts_that_one_converge_sees_paid_are_two_that_are_completed(core: Core) -> None:
    core.has_session(an_order())
    core.has_session(an_order(id=OrderId("ord_2")), OTHER)
    for session in (SESSION, OTHER):
        core.stripe.pay(session)
    converge(ALICE, Touched(sessions=frozenset({SESSION, OTHER})), [], "event_consumer", core.converge)
    assert core.metrics.counts["CheckoutsCompleted"] == 2


def test_a_refund_changes_a_purchase_and_completes_nothing(core: Core) -> None:
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    converge(ALICE, PAID, [], "success_sync", core.converge)
    payment = core.stripe.sessions[SESSION].payment
    assert payment is not None
    core.stripe.sessions[SESSION] = replace(
        core.stripe.sessions[SESSION], payment=replace(payment, refunds=(a_refund(500),))
    )
    converge(ALICE, PAID, [], "success_sync", core.converge)
    assert (core.metrics.counts["CheckoutsCompleted"], core.metrics.counts["CreditsReversed"]) == (1, 500)


def test_the_time_of_a_converge_has_its_waits(core: Core) -> None:
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    core.calls.before("commit", lambda: core.tables.accounts.update({ALICE: replace(core.account(), version=99)}))
    converge(ALICE, PAID, [], "success_sync", core.converge)
    assert len(core.clock.slept) == 1
    assert core.metrics.samples["ConvergeTime"] == [pytest.approx(core.clock.slept[0] * 1000)]


def test_of_each_type_the_average_of_failures_is_its_error_rate(core: Core) -> None:
    """One sample a try: another app's, applied, replayed, quarantined since it failed, failed for now."""
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    core.deliver(a_notice(id="evt_foreign", customer="cus_x"))
    core.deliver(a_notice())
    core.deliver(a_notice())
    core.calls.before("snapshot", raising(StripeRefused("no")))
    core.deliver(a_notice(id="evt_refused"))
    core.calls.before("snapshot", raising(StripeUnavailable("down")))
    core.deliver(a_notice(id="evt_late"))
    assert core.outcomes() == {"evt_foreign": "IGNORED", "evt_1": "APPLIED", "evt_refused": "QUARANTINED"}
    assert core.metrics.samples["EventsFailed{event_type=checkout.session.completed}"] == [0, 0, 0, 1, 1]
