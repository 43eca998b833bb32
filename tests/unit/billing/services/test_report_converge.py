"""What a converge says of itself: the figures of credits, and who is named in a line."""

from dataclasses import replace

import pytest

from billing.ports.stripe import Touched
from billing.services.converge import converge, touched_session
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import ALICE, CREDITS_90, DAY, INVOICE, NOW, PRO_MONTHLY, SESSION, a_refund, an_order

pytestmark = pytest.mark.usefixtures("alice_has_subscribed")


def run(core: Core, *notices) -> None:
    converge(ALICE, Touched(), notices, "event_consumer", core.converge)


def test_credits_that_are_granted_and_taken_back_are_counted_apart(core):
    invoice = core.stripe.invoices[INVOICE]
    assert invoice.payment is not None
    refunded = replace(invoice.payment, refunds=(a_refund(600),))
    core.stripe.invoices[INVOICE] = replace(invoice, payment=refunded)
    run(core)
    assert (core.metrics.counts["CreditsGranted"], core.metrics.counts["CreditsReversed"]) == (100, 50)


def test_what_had_expired_and_is_taken_back_instead_is_counted_as_expired_and_not_as_granted(core):
    core.has_session(an_order(CREDITS_90))
    core.stripe.pay(SESSION)
    core.clock.time = NOW + 91 * DAY
    converge(ALICE, touched_session(SESSION), [], "event_consumer", core.converge)
    granted = core.metrics.counts["CreditsGranted"]
    payment = core.stripe.sessions[SESSION].payment
    assert payment is not None
    back = replace(payment, refunds=(a_refund(payment.captured),))
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment=back)
    converge(ALICE, touched_session(SESSION), [], "event_consumer", core.converge)
    assert [entry.amount for entry in core.tables.entries(ALICE)[-2:]] == [-2000, 2000]
    assert core.metrics.counts["CreditsGranted"] == granted
    assert core.metrics.counts["CreditsExpired"] == 2 * 2000


def test_a_single_credit_is_counted_as_granted(core):
    core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, gives=replace(PRO_MONTHLY.gives, credits=1))
    run(core)
    assert (core.metrics.counts["CreditsGranted"], "CreditsReversed" in core.metrics.counts) == (1, False)


def test_an_event_that_was_recorded_before_is_told_with_its_user(core):
    run(core, a_notice())
    core.log.lines.clear()
    run(core, a_notice())
    [line] = [line for line in core.log.lines if line.message == "skipped replay"]
    assert line.ids == {
        "event_id": "evt_1",
        "event_type": "checkout.session.completed",
        "user_id": ALICE,
        "correlation_id": "correlation-1",
    }
