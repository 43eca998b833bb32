"""Converge: the order of the reads, the conflicts, and the events that are recorded with the effect."""

from dataclasses import replace

import pytest

from billing.domain.ids import CustomerId, EventId, OrderId, PurchaseKey, SessionId
from billing.domain.records import EventRecord, Outcome
from billing.errors import Contention, StoreUnavailable, StripeRefused, StripeUnavailable
from billing.ports.stripe import Touched
from billing.services.converge import Converged, converge, objects_of, touched_session
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CREDITS,
    CUSTOMER,
    DAY,
    INVOICE,
    NOW,
    ORDER,
    PRO_MONTHLY,
    SESSION,
    SUBSCRIPTION,
    a_price,
    a_refund,
    a_session,
    a_subscription,
    an_invoice,
    an_order,
)
from tests.fakes.world import raising

TOUCHED = touched_session(SESSION)
EVENT = EventId("evt_1")

pytestmark = pytest.mark.usefixtures("alice_has_paid")


def run(core: Core, *notices, touched: Touched = TOUCHED) -> Converged:
    result = converge(ALICE, touched, notices, "event_consumer", core.converge)
    core.tables.check()
    return result


def spend(core: Core):
    """Another writer, who knows nothing of Stripe."""
    account = core.account()
    core.tables.accounts[ALICE] = replace(account, version=account.version + 1)


def test_the_account_is_read_before_stripe_and_the_commit_comes_last(core):
    """Money rule 2."""
    run(core, a_notice())
    assert core.calls.made == ["load", "snapshot", "commit"]


def test_one_transaction_holds_the_event_and_its_whole_effect(core):
    result = run(core, a_notice())
    assert core.granted() == [("PURCHASE", 500)]
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.tables.pointers == {f"pi_{SESSION}": (ALICE, SESSION)}
    assert (core.account().version, core.account().stripe_version) == (2, 1)
    assert core.tables.purchases[PurchaseKey(SESSION)].version == 2
    assert result.account == core.account()
    assert (result.outcomes, result.replayed) == ({EVENT: Outcome.APPLIED}, frozenset())
    assert [entry.event for entry in result.entries] == ["evt_1"]
    assert result.purchases[PurchaseKey(SESSION)].credits_granted == 500


def test_the_record_of_an_event_says_what_it_was(core):
    run(core, a_notice(created=NOW - 2 * DAY, received_at=NOW - DAY))
    assert core.tables.events[EVENT] == EventRecord(
        EVENT, "checkout.session.completed", NOW - 2 * DAY, Outcome.APPLIED, None, NOW, CUSTOMER
    )


def test_what_stripe_says_is_judged_by_the_time_after_it_has_said_it(core):
    """A trial that ended while Stripe was slow would give access once more."""
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(status="trialing", trial_end=NOW + DAY)
    core.calls.before("snapshot", lambda: core.clock.sleep(DAY.total_seconds()))
    run(core, a_notice())
    assert core.granted() == [("PURCHASE", 500)]


def test_what_is_logged_and_counted(core):
    run(core, a_notice())
    lines = {line.message: dict(line.ids) for line in core.log.lines}
    assert lines["event recorded"] == {
        "event_id": "evt_1",
        "event_type": "checkout.session.completed",
        "user_id": "alice",
        "session_id": SESSION,
        "correlation_id": "correlation-1",
        "outcome": "APPLIED",
    }
    assert lines["ledger entry written"]["amount"] == 500
    assert lines["converged"]["balance"] == 500
    assert core.metrics.counts["CreditsGranted"] == 500
    assert core.metrics.counts["EventsByOutcome{outcome=APPLIED}"] == 1
    assert core.metrics.counts["ConvergeRetries"] == 0


@pytest.mark.parametrize(("notices", "correlation"), [((a_notice(),), "correlation-1"), ((), ORDER)])
def test_the_lines_of_one_purchase_share_an_id(core, notices, correlation):
    run(core, *notices)
    lines = {line.message: line.ids.get("correlation_id") for line in core.log.lines}
    assert lines["ledger entry written"] == lines["converged"] == correlation


def test_a_look_that_concerns_no_purchase_of_ours_has_no_such_id(core):
    run(core, touched=Touched())
    assert "correlation_id" not in core.log.lines[-1].ids


def test_a_second_look_changes_nothing_and_still_counts_as_a_converge(core):
    """Money rule 1: without the bump a slow reader with an older snapshot would win."""
    run(core, a_notice())
    result = run(core, a_notice("invoice.paid", id="evt_2"))
    assert (core.account().version, core.account().stripe_version) == (2, 2)
    assert core.outcomes() == {"evt_1": "APPLIED", "evt_2": "NOOP"}
    assert result.entries == ()


def test_a_slow_reader_with_an_older_snapshot_loses_to_a_converge_that_changed_nothing(core):
    """F03, F04: the slow one saw a refund that had failed by the time it came to write."""
    run(core, a_notice())
    payment = core.stripe.sessions[SESSION].payment

    def meanwhile():
        core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment=payment)
        run(core, a_notice(id="evt_2"))

    refunded = replace(payment, refunds=(a_refund(500),))
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment=refunded)
    core.calls.before("commit", meanwhile)
    run(core, a_notice(id="evt_3"))
    assert core.account().balance == 500
    assert core.granted() == [("PURCHASE", 500)]


def test_a_spend_in_between_costs_no_second_look_at_stripe(core):
    """Money rule 3, F18."""
    core.calls.before("commit", lambda: spend(core))
    run(core, a_notice())
    assert core.calls.made == ["load", "snapshot", "commit", "load", "commit"]
    assert (core.account().version, core.account().stripe_version, core.account().balance) == (3, 1, 500)


def test_another_converge_in_between_makes_this_one_look_again(core):
    """F02, F04: one of the two wins, the other finds the record."""
    core.calls.before("commit", lambda: run(core))
    result = run(core, a_notice())
    assert core.calls.made == ["load", "snapshot", "commit", "load", "snapshot", "commit", "load", "snapshot", "commit"]
    assert core.granted() == [("PURCHASE", 500)]
    assert result.outcomes == {EVENT: Outcome.NOOP}


def test_a_new_customer_in_between_makes_it_look_again(core):
    """A snapshot covers all customers of the user (money rule 4)."""
    core.calls.before("commit", lambda: core.accounts.own_customers(core.account(), [CustomerId("cus_2")]))
    run(core, a_notice())
    assert [asked[0] for asked in core.stripe.asked] == [("cus_alice",), ("cus_alice", "cus_2")]


def test_deleted_customers_are_left_out(core):
    """Deleting one has ended its subscriptions, and Stripe may not know it any more."""
    core.tables.accounts[ALICE] = replace(core.account(), deleted_customers=(CustomerId("cus_old"),))
    run(core)
    assert core.stripe.asked[0][0] == ("cus_alice",)


def test_an_event_that_is_recorded_already_is_dropped_and_the_rest_is_committed(core):
    """F02: one of the two wins, the other finds the record."""
    run(core, a_notice())
    result = run(core, a_notice(), a_notice(id="evt_2"))
    assert result.outcomes == {EventId("evt_2"): Outcome.NOOP}
    assert result.replayed == {EVENT}
    assert core.calls.count("snapshot") == 2  # the one that was dropped cost no further look
    assert core.metrics.counts["EventsReplayed"] == 1


def test_when_all_are_recorded_there_is_no_effect(core):
    """F01, F09, F10."""
    run(core, a_notice())
    before = core.account()
    result = run(core, a_notice())
    assert (result.account, result.entries) == (before, ())
    assert (dict(result.outcomes), dict(result.purchases), result.replayed) == ({}, {}, frozenset({EVENT}))
    assert core.account() == before
    assert core.log.messages.count("skipped replay") == 1


def test_a_commit_whose_answer_was_lost_is_met_by_its_own_event(core):
    """F17."""
    core.calls.after("commit", raising(StoreUnavailable("DynamoDB did not answer")))
    with pytest.raises(StoreUnavailable):
        run(core, a_notice())
    result = run(core, a_notice())
    assert core.granted() == [("PURCHASE", 500)]
    assert result.replayed == {EVENT}


@pytest.mark.parametrize("outcome", [Outcome.PARKED, Outcome.QUARANTINED])
def test_a_replay_moves_an_event_that_waited_once(core, outcome):
    """F53."""
    core.tables.events[EVENT] = EventRecord(EVENT, "checkout.session.completed", NOW, outcome, "waits", NOW)
    assert run(core, a_notice()).outcomes == {EVENT: Outcome.APPLIED}
    assert run(core, a_notice()).replayed == {EVENT}
    assert core.granted() == [("PURCHASE", 500)]


def test_it_gives_up_after_ten_attempts_with_jittered_growing_sleeps(core):
    core.tables.conflicts = 10
    with pytest.raises(Contention) as lost:
        run(core, a_notice())
    assert lost.value.ids == {"user_id": "alice"}
    assert core.calls.count("commit") == 10
    assert core.calls.count("snapshot") == 1
    assert core.clock.slept == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5]  # half of the limit: FakeRandomness
    assert core.outcomes() == {}


def test_without_an_event_a_conflict_is_tried_again_as_well(core):
    core.tables.conflicts = 1
    run(core)
    assert core.granted() == [("PURCHASE", 500)]


def test_the_tenth_attempt_may_win(core):
    core.tables.conflicts = 9
    run(core, a_notice())
    assert core.granted() == [("PURCHASE", 500)]
    assert core.metrics.counts["ConvergeRetries"] == 9


@pytest.mark.parametrize("error", [StripeUnavailable("down"), StripeRefused("no")])
def test_without_stripe_nothing_is_written(core, error):
    core.calls.broken["snapshot"] = error
    with pytest.raises(type(error)):
        run(core, a_notice())
    assert core.calls.count("commit") == 0


def test_a_session_whose_purchase_was_never_stored_is_found_by_its_order(core):
    del core.tables.purchases[PurchaseKey(SESSION)]
    run(core, a_notice())
    assert core.calls.made == ["load", "snapshot", "extend", "commit"]
    assert core.granted() == [("PURCHASE", 500)]
    assert core.tables.purchases[PurchaseKey(SESSION)].version == 1


def test_an_order_that_the_event_names_comes_with_the_first_read(core):
    del core.tables.purchases[PurchaseKey(SESSION)]
    run(core, a_notice(order=ORDER))
    assert core.calls.made == ["load", "snapshot", "commit"]


def test_purchases_of_invoice_lines_are_found_through_the_snapshot():
    core = Core()
    core.has_customer()
    core.has_session(an_order(PRO_MONTHLY))
    core.stripe.pay(SESSION)
    run(core, a_notice())
    run(core, a_notice("invoice.paid", id="evt_2"))
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    assert core.tables.purchases[PurchaseKey("in_1#il_1")].version == 1
    assert core.calls.count("extend") == 2


def test_an_order_that_only_the_subscription_names_speaks_for_its_first_invoice():
    core = Core()
    core.has_customer()
    core.has_session(an_order(PRO_MONTHLY))
    core.stripe.pay(SESSION)
    core.stripe.prices[PRO_MONTHLY.id] = a_price("pro_monthly", 1200, "month", credits=1, level="PRO")
    run(core, a_notice("invoice.paid", related={"invoice": "in_1"}), touched=Touched())
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]


def test_a_line_without_an_order_is_not_granted_twice():
    """A subscription that was made in the dashboard."""
    core = Core()
    core.has_customer()
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(latest_invoice=INVOICE)
    core.stripe.invoices[INVOICE] = an_invoice()
    run(core, touched=Touched())
    assert "CreditsReversed" not in core.metrics.counts  # an entry of access moves none
    run(core, a_notice("invoice.paid", related={"invoice": INVOICE}), touched=Touched())
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    assert core.outcomes() == {"evt_1": "NOOP"}


def test_a_grant_between_the_look_at_stripe_and_the_purchases_is_not_granted_twice():
    """The purchases that only the snapshot names are read after it; the account's counter makes that safe."""
    core = Core()
    core.has_customer()
    core.has_session(an_order(PRO_MONTHLY))
    core.stripe.pay(SESSION)
    core.calls.before("extend", lambda: run(core))
    run(core, a_notice())
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]


def test_a_foreign_session_is_ignored(core):
    """F65."""
    core.stripe.sessions[SESSION] = a_session()
    del core.tables.purchases[PurchaseKey(SESSION)]
    run(core, a_notice())
    assert core.tables.events[EVENT].outcome is Outcome.IGNORED
    assert core.tables.events[EVENT].reason == "foreign payment"
    assert core.granted() == []


def test_a_refused_session_is_quarantined_and_the_other_events_are_not(core):
    """F46."""
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], currency="usd")
    run(core, a_notice(), a_notice("customer.updated", id="evt_2", related={}))
    assert core.tables.events[EVENT].outcome is Outcome.QUARANTINED
    assert core.tables.events[EVENT].reason == "another currency"
    assert core.tables.events[EventId("evt_2")].outcome is Outcome.APPLIED  # with the purchase that was refused
    assert [line.level for line in core.log.lines if line.message == "event recorded"] == ["warning", "info"]
    assert core.granted() == []


def test_somebody_elses_session_is_refused(core):
    core.tables.purchases[PurchaseKey(SESSION)] = replace(core.tables.purchases[PurchaseKey(SESSION)], user=BOB)
    assert run(core, a_notice()).outcomes == {EVENT: Outcome.QUARANTINED}


def test_the_objects_of_an_event_are_its_own_and_the_related_ones():
    assert objects_of(a_notice(related={"checkout.session": "cs_1", "payment_intent": "pi_1"})) == {"cs_1", "pi_1"}
    assert objects_of(a_notice("customer.updated", related={})) == {CUSTOMER}
    assert objects_of(a_notice("invoice.upcoming", customer=None, related={})) == frozenset()


def test_two_purchases_of_one_event_group_are_both_granted(core):
    second = an_order(CREDITS, id=OrderId("ord_2"))
    core.tables.orders[second.id] = second
    other = SessionId("cs_2")
    core.stripe.sessions[other] = a_session(second, id=other, payment=None, payment_status="unpaid", status="open")
    core.stripe.pay(other)
    run(
        core,
        a_notice(),
        a_notice(id="evt_2", related={"checkout.session": "cs_2"}),
        touched=Touched(sessions=frozenset({SESSION, other})),
    )
    assert core.granted() == [("PURCHASE", 500), ("PURCHASE", 500)]
    assert [entry.event for entry in core.tables.entries(ALICE)] == ["evt_1", "evt_2"]
