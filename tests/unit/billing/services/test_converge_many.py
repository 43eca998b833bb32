"""A converge that takes several transactions, and one that moves lots out of the account (money rules 5 and 17)."""

from dataclasses import replace

import pytest

from billing.domain.credits import Lot
from billing.domain.ids import EventId, InvoiceId, PaymentIntentId, PurchaseKey, SessionId
from billing.domain.records import Unparked
from billing.ports.stripe import Touched
from billing.services.converge import EVENTS_AT_ONCE, Converged, converge, touched_session
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    ALICE,
    CUSTOMER,
    DAY,
    NOW,
    PRO_MONTHLY,
    SESSION,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_line,
    a_refund,
    a_session,
    a_subscription,
    an_invoice,
    an_order,
)

EVENT, WAITED = EventId("evt_1"), EventId("evt_parked")
TAKEN_OFF = Unparked(CUSTOMER, frozenset({WAITED}), last=True)


@pytest.fixture
def core() -> Core:
    """A customer with a running trial and two paid invoices of nine lines: too many for one transaction."""
    core = Core()
    core.has_customer()
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(status="trialing", trial_end=NOW + DAY)
    for name in ("in_1", "in_2"):
        lines = [a_line(id=f"il_{number}") for number in range(9)]
        core.stripe.invoices[InvoiceId(name)] = an_invoice(*lines, id=InvoiceId(name))
    core.tables.parked[CUSTOMER] = {WAITED}
    return core


def run(core: Core, *notices, refunded=frozenset()) -> Converged:
    touched = Touched(invoices=frozenset(core.stripe.invoices), registers=refunded)
    found = converge(ALICE, touched, notices, "event_consumer", core.converge, (TAKEN_OFF,))
    core.tables.check()
    return found


def test_only_the_last_transaction_has_the_events_and_takes_off_what_was_parked(core):
    between = []
    core.calls.after("commit", lambda: between.append((core.outcomes(), core.tables.parked.copy())))
    result = run(core, a_notice("invoice.paid", related={"invoice": "in_1"}))
    assert between == [({}, {CUSTOMER: {WAITED}})]
    assert (core.outcomes(), core.tables.parked) == ({"evt_1": "APPLIED"}, {})
    assert [entry.amount for entry in result.entries] == [100] * 9 + [0] + [100] * 9
    assert (result.account, result.replayed) == (core.account(), frozenset())
    assert core.metrics.counts["CreditsGranted"] == 1800


def test_an_event_that_is_recorded_already_is_found_by_the_last_one(core):
    converge(ALICE, Touched(), [a_notice()], "event_consumer", core.converge)
    assert run(core, a_notice()).replayed == {EVENT}
    assert core.account().balance == 1800


def test_an_invoice_of_years_that_were_billed_after_the_fact_is_granted_and_refunded_in_parts(core):
    """A backdated subscription's first invoice has a line for each period
    (https://docs.stripe.com/billing/subscriptions/backdating).
    """
    name = InvoiceId("in_1")
    years = an_invoice(*[a_line(id=f"il_{number}") for number in range(60)])
    core.stripe.invoices = {name: years}
    run(core, a_notice("customer.subscription.created", related={"subscription": SUBSCRIPTION}))
    assert (core.account().balance, core.outcomes()) == (6000, {"evt_1": "APPLIED"})
    assert years.payment is not None
    half = replace(years.payment, refunds=(a_refund(years.payment.captured // 2),))
    core.stripe.invoices[name] = replace(years, payment=half)
    run(core, a_notice("charge.refunded", id="evt_2", related={}), refunded=frozenset({name}))
    assert (core.account().balance, core.outcomes()["evt_2"]) == (3000, "APPLIED")


@pytest.mark.parametrize("count", [2, 20])
def test_a_line_that_grants_after_the_others_gives_back_what_was_refunded_before(core, count):
    """Its price had a typo then, or there was no room for it in the first transaction."""
    core.stripe.prices[TEAM_YEARLY.id] = replace(TEAM_YEARLY, gives=PRO_MONTHLY.gives, problem="a typo")
    paid = an_invoice(a_line(TEAM_YEARLY, id="il_z"), *[a_line(id=f"il_{number}") for number in range(count - 1)])
    assert paid.payment is not None
    refunded = replace(paid, payment=replace(paid.payment, refunds=(a_refund(paid.payment.captured),)))
    core.stripe.invoices = {paid.id: refunded}
    run(core)
    core.stripe.prices[TEAM_YEARLY.id] = replace(TEAM_YEARLY, gives=PRO_MONTHLY.gives)
    run(core)
    assert len(core.tables.purchases) == count
    assert core.account().balance == 0


def test_of_what_came_into_reach_by_a_refund_the_payment_is_read_too(core):
    """Refunded lines take the room of an invoice that was to be granted, and leave it to one that was not. What Stripe
    has no payment of is asked for once.
    """
    free, known, full, last = (InvoiceId(f"in_{number}") for number in range(4))
    unpaid = an_invoice(id=free, payment=None, intents=(PaymentIntentId("pi_none"),))
    core.stripe.invoices = {free: unpaid, known: an_invoice(a_line(id="il_0"), id=known)}
    run(core)
    assert core.calls.count("payments") == 1
    for name, count in ((known, 1), (full, 15), (last, 1)):
        paid = an_invoice(*[a_line(id=f"il_{number}") for number in range(count)], id=name)
        assert paid.payment is not None
        intent = PaymentIntentId(f"pi_{name}")
        back = replace(paid.payment, intent=intent, refunds=(a_refund(paid.payment.captured),))
        core.stripe.invoices[name] = replace(paid, intents=(intent,), payment=back)
    run(core, refunded=frozenset({free, known}))
    assert (len(core.tables.purchases), core.account().balance) == (18, 100)
    assert core.calls.count("payments") == 1 + 2 + 1, "the last one is of the second transaction"


def bought() -> Core:
    core = Core()
    core.has_customer()
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    return core


def test_an_event_that_was_recorded_before_is_no_cause_of_what_is_granted_now():
    core = bought()
    converge(ALICE, Touched(), [a_notice()], "event_consumer", core.converge)
    both = [a_notice(), a_notice("payment_intent.succeeded", id="evt_2")]
    found = converge(ALICE, touched_session(SESSION), both, "event_consumer", core.converge)
    assert [entry.event for entry in found.entries] == ["evt_2"]
    assert found.replayed == {EVENT}


def test_of_a_foreign_session_and_one_of_ours_each_event_has_its_own_outcome():
    """F65."""
    core = bought()
    foreign = SessionId("cs_foreign")
    core.stripe.sessions[foreign] = a_session(id=foreign)
    both = [a_notice(), a_notice(id="evt_2", related={"checkout.session": foreign})]
    touched = Touched(sessions=frozenset({SESSION, foreign}))
    converge(ALICE, touched, both, "event_consumer", core.converge)
    assert core.outcomes() == {"evt_1": "APPLIED", "evt_2": "IGNORED"}


def test_lots_of_which_nothing_is_left_are_written_outside_of_the_account(core):
    core.stripe.invoices.clear()
    lots = tuple(Lot(PurchaseKey(f"cs_{number}"), 0, 100, NOW + number * DAY, used=100) for number in range(12))
    core.tables.accounts[ALICE] = replace(core.account(), lots=lots)
    run(core)
    assert core.account().lots == lots[4:]
    assert core.tables.lots == {(ALICE, lot.key): lot for lot in lots[:4]}


def test_a_burst_of_events_and_all_that_was_used_up_fit_into_transactions(core):
    """Money rules 5 and 17: of a user who had very many small lots, a part leaves the account with each write."""
    core.stripe.invoices.clear()
    lots = tuple(Lot(PurchaseKey(f"cs_{number:03}"), 0, 100, NOW, used=100) for number in range(200))
    core.tables.accounts[ALICE] = replace(core.account(), lots=lots)
    run(core, *(a_notice("customer.updated", id=f"evt_{number}", related={}) for number in range(EVENTS_AT_ONCE)))
    assert set(core.outcomes().values()) == {"APPLIED"}
    assert 0 < len(core.tables.lots) == 200 - len(core.account().lots)


def test_each_try_is_of_its_own_time(core):
    """A lot that runs out while others are in the way has run out, and the ledger goes on from the time of theirs."""
    core.stripe.invoices.clear()
    lot = Lot(PurchaseKey("cs_1"), 0, 100, NOW, expires_at=NOW + DAY)
    core.tables.accounts[ALICE] = replace(core.account(), lots=(lot,), balance=100)

    def others():
        core.clock.time = NOW + DAY
        core.tables.accounts[ALICE] = replace(core.account(), version=core.account().version + 1)

    core.calls.before("commit", others)
    [expiry] = converge(ALICE, Touched(), [], "event_consumer", core.converge).entries[:1]
    assert (expiry.kind, expiry.amount) == ("EXPIRY", -100)
    assert expiry.at >= NOW + DAY
