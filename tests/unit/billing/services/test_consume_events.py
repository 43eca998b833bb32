"""A batch of the queue: one converge for each account, and every message either done for good or delivered again."""

from dataclasses import replace

import pytest

from billing.domain.ids import EventId, OrderId, PaymentIntentId, SessionId
from billing.domain.records import Outcome
from billing.errors import StoreUnavailable, StripeRefused, StripeUnavailable
from tests.fakes.core import a_notice
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CUSTOMER,
    ORDER,
    PRO_MONTHLY,
    SESSION,
    a_refund,
    an_order,
)
from tests.fakes.world import raising

BOBS = SessionId("cs_bob")
BOB_PAID = a_notice(id="evt_bob", customer="cus_bob", related={"checkout.session": BOBS})

pytestmark = pytest.mark.usefixtures("alice_has_paid", "bob_has_paid")


def test_one_converge_for_each_user_and_one_round_trip_to_the_cache(core):
    """F07: nobody has come back to a page; the events alone grant."""
    second = a_notice("payment_intent.succeeded", id="evt_2", related={"payment_intent": f"pi_{SESSION}"})
    assert core.deliver(a_notice(), BOB_PAID, second) == frozenset()
    assert core.calls.count("commit") == 2
    assert core.outcomes() == {"evt_1": "APPLIED", "evt_2": "APPLIED", "evt_bob": "APPLIED"}
    assert (core.account(ALICE).balance, core.account(BOB).balance) == (500, 500)
    assert core.cache.published == [([ALICE, BOB], ["evt_1", "evt_2", "evt_bob"])]
    assert core.cache.accounts[ALICE].balance == 500
    assert core.log.messages.count("cache updated") == 2


def test_one_event_in_two_messages_of_a_batch_is_one_event(core):
    assert core.deliver(a_notice(), a_notice()) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]


def test_both_messages_of_an_event_that_failed_come_again(core):
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert core.deliver(a_notice(), BOB_PAID, a_notice()) == {"m1", "m2", "m3"}
    assert sorted(receipt for receipt, _ in core.queue.delayed) == ["receipt-1", "receipt-2", "receipt-3"]


def test_a_second_delivery_has_no_effect_and_marks_the_event_as_done(core):
    """F10; and the retry after a lost answer publishes the cache (failure-modes, crash table)."""
    core.deliver(a_notice())
    core.cache.done.clear()
    core.cache.accounts.clear()
    assert core.deliver(a_notice()) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]
    assert core.cache.done == {"evt_1"}
    assert core.cache.accounts[ALICE].balance == 500


def test_an_event_whose_record_has_run_out_is_replayed_in_vain(core):
    """F51: the record of an event ends after 90 days; the purchase and the ledger never do."""
    core.deliver(a_notice())
    del core.tables.events[EventId("evt_1")]
    assert core.deliver(a_notice()) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]
    assert core.outcomes() == {"evt_1": "NOOP"}


def test_a_replay_tells_the_cache_what_stands_now(core):
    """Between the look that found the event recorded and the answer, another worker has gone on."""
    core.deliver(a_notice())
    core.cache.accounts.clear()

    def another_worker():
        account = core.account()
        core.tables.accounts[ALICE] = replace(account, version=account.version + 1, email="new@example.com")

    core.calls.after("commit", another_worker)
    core.deliver(a_notice())
    assert core.cache.accounts[ALICE].version == core.account().version == 3


def test_a_lost_answer_is_delivered_again_and_has_one_effect(core):
    """F17."""
    core.calls.after("commit", raising(StoreUnavailable("DynamoDB did not answer")))
    assert core.deliver(a_notice()) == {"m1"}
    assert core.deliver(a_notice(), receive_count=2) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]


CANARY = "alice@example.com"
NO_NOTICES = ["", "{", "[]", "null", "[" * 100_000, '{"v": 2}', '{"v": 1}', CANARY, f'{{"v": 1, "id": "{CANARY}"}}']


@pytest.mark.parametrize("body", NO_NOTICES)
def test_a_malformed_message_holds_up_no_other_and_ends_in_the_dead_letter_queue(core, body):
    """F13."""
    assert core.deliver(body, a_notice()) == {"m1"}
    assert core.granted() == [("PURCHASE", 500)]
    assert core.metrics.counts["MalformedMessages"] == 1
    assert core.queue.delayed == []
    assert core.log.messages.count("malformed message") == 1
    assert CANARY not in str(core.log.lines)  # S16: what is wrong is said, and not what was sent


def test_what_may_succeed_later_comes_again_without_a_record(core):
    """F12: only that part comes again."""
    core.calls.before("snapshot", raising(StripeUnavailable("down")))
    assert core.deliver(a_notice(), BOB_PAID) == {"m1"}
    assert core.outcomes() == {"evt_bob": "APPLIED"}
    assert core.cache.done == {"evt_bob"}
    assert core.metrics.counts["EventsFailed{event_type=checkout.session.completed}"] == 1


@pytest.mark.parametrize(
    ("receive_count", "seconds"),
    [(1, 11), (2, 22), (3, 45), (4, 90), (5, 180), (6, 360), (7, 675), (8, 675), (50, 675), (5000, 675)],
)
def test_the_delay_doubles_with_each_receive_up_to_15_minutes_with_jitter(core, receive_count, seconds):
    """F23, money rule 11; half of the jitter here, which is the upper half of the delay: 15, 30, 60 … 900."""
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    core.deliver(a_notice(), receive_count=receive_count)
    assert core.queue.delayed == [("receipt-1", seconds)]


@pytest.mark.parametrize(("wish", "seconds"), [(5, 11), (60, 60), (7200, 900)])
def test_stripes_wish_to_wait_is_honoured_within_bounds(core, wish, seconds):
    """F24."""
    core.calls.broken["snapshot"] = StripeUnavailable("slow down", retry_after=wish)
    core.deliver(a_notice())
    assert core.queue.delayed == [("receipt-1", seconds)]


def test_a_queue_that_takes_no_delay_changes_nothing_else(core):
    core.queue.down = True
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    assert core.deliver(a_notice()) == {"m1"}
    assert "visibility not changed" in core.log.messages


def test_a_group_that_can_never_succeed_is_split_and_only_the_bad_event_is_quarantined(core):
    """F13, money rules 5 and 11."""
    bad = a_notice(id="evt_bad", related={"checkout.session": "cs_gone"})
    assert core.deliver(bad, a_notice()) == frozenset()
    assert core.outcomes() == {"evt_bad": "QUARANTINED", "evt_1": "APPLIED"}
    assert core.tables.events[EventId("evt_bad")].reason == "Stripe refused the request"
    assert core.cache.done == {"evt_1"}
    assert core.granted() == [("PURCHASE", 500)]


def test_a_quarantined_event_is_applied_when_it_is_replayed_after_the_fix(core):
    """F53."""
    core.calls.before("snapshot", raising(StripeRefused("Stripe refused the request")))
    core.deliver(a_notice())
    assert core.outcomes() == {"evt_1": "QUARANTINED"}
    core.deliver(a_notice())
    assert core.outcomes() == {"evt_1": "APPLIED"}


def test_a_payment_that_was_refused_is_not_taken_for_done_when_its_event_comes_again(core):
    """F52, F53: the edge would turn away what Stripe is asked to send once more."""
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], currency="usd")
    core.deliver(a_notice())
    assert (core.outcomes(), core.cache.done) == ({"evt_1": "QUARANTINED"}, set())


def test_a_group_too_large_for_one_transaction_is_done_in_several(core):
    """Money rule 5: 100 items at most."""
    notices = [a_notice("customer.updated", id=f"evt_{number}", related={}) for number in range(95)]
    assert core.deliver(*notices) == frozenset()
    assert core.calls.count("commit") == 3
    assert len(core.cache.done) == 95


def refund(**given):
    return a_notice("refund.created", customer=None, related={"payment_intent": "pi_x"}, **given)


def test_an_event_that_cannot_be_routed_holds_up_no_other(core):
    """F12: only that part comes again."""
    core.calls.broken["hints"] = StripeUnavailable("down")
    assert core.deliver(refund(id="evt_r"), a_notice(), "{") == {"m1", "m3"}
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.queue.delayed == [("receipt-1", 11)]
    assert core.metrics.counts["MalformedMessages"] == 1


def test_an_event_that_can_never_be_routed_is_quarantined(core):
    """F13: at once and visibly, and the others flow."""
    core.calls.broken["hints"] = StripeRefused("Stripe refused the request")
    assert core.deliver(refund(id="evt_r"), a_notice()) == frozenset()
    assert core.outcomes() == {"evt_r": "QUARANTINED", "evt_1": "APPLIED"}


@pytest.mark.parametrize(
    ("reason", "origin"), [("wrong_mode", {"livemode": True}), ("wrong_account", {"account": "acct_other"})]
)
def test_an_event_of_the_wrong_origin_is_quarantined_and_has_no_effect(core, reason, origin):
    """F30, money rule 7."""
    assert core.deliver(a_notice(**origin)) == frozenset()
    assert core.tables.events[EventId("evt_1")].outcome is Outcome.QUARANTINED
    assert core.tables.events[EventId("evt_1")].reason == reason
    assert core.calls.made == ["record", "owners", "sources", "orders"]
    assert core.cache.done == set()
    assert core.metrics.counts["EventsByOutcome{outcome=QUARANTINED}"] == 1


def test_an_event_of_the_wrong_origin_is_recorded_once_when_the_batch_is_taken_apart(core):
    core.calls.broken["hints"] = StripeUnavailable("down")
    core.deliver(a_notice(id="evt_w", livemode=True), refund(id="evt_r"), a_notice())
    assert core.metrics.counts["EventsByOutcome{outcome=QUARANTINED}"] == 1
    assert core.calls.count("record") == 1


def test_a_foreign_payment_is_ignored_for_good(core):
    """F65, money rule 10."""
    assert core.deliver(a_notice(customer="cus_x")) == frozenset()
    assert core.outcomes() == {"evt_1": "IGNORED"}
    assert core.cache.done == {"evt_1"}


def test_an_event_of_an_unknown_customer_is_parked_visibly_and_never_marked_as_done(core):
    """Money rules 8 and 9."""
    assert core.deliver(a_notice("invoice.paid", customer="cus_x", related={"invoice": "in_1"})) == frozenset()
    assert core.outcomes() == {"evt_1": "PARKED"}
    assert core.cache.done == set()
    assert [line.level for line in core.log.lines if line.message == "event recorded"] == ["warning"]


def test_a_parked_event_is_applied_once_its_customer_has_an_owner(core):
    """F53."""
    core.tables.owners.clear()
    notice = a_notice(order=ORDER)
    core.deliver(notice)
    assert core.outcomes() == {"evt_1": "PARKED"}
    core.tables.owners[CUSTOMER] = ALICE
    core.deliver(notice)
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.granted() == [("PURCHASE", 500)]


def test_an_owner_that_appears_while_the_event_is_being_parked_brings_it_back(core):
    """Money rule 9: so neither order loses it."""
    core.tables.owners.clear()
    core.calls.before("record", lambda: core.tables.owners.update({CUSTOMER: ALICE}))
    notice = a_notice(order=ORDER)
    assert core.deliver(notice) == {"m1"}
    assert core.outcomes() == {}
    assert core.queue.delayed == [("receipt-1", 11)]
    assert core.deliver(notice, receive_count=2) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]


def test_an_event_that_was_applied_is_not_parked_again(core):
    core.deliver(a_notice(order=ORDER))
    core.tables.owners.clear()
    core.cache.done.clear()
    core.metrics.counts.clear()
    assert core.deliver(a_notice(order=ORDER)) == frozenset()
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.cache.done == {"evt_1"}
    assert "skipped replay" in core.log.messages
    assert core.metrics.counts["EventsReplayed"] == 1
    assert "EventsByOutcome" not in core.metrics.counts


def test_a_store_that_is_down_while_recording_delivers_again(core):
    core.calls.broken["record"] = StoreUnavailable("throttled")
    assert core.deliver(a_notice(customer="cus_x"), a_notice(id="evt_2", related={})) == {"m1"}
    assert core.outcomes() == {"evt_2": "NOOP"}


def test_a_store_that_is_down_while_routing_delivers_everything_again(core):
    core.calls.broken["owners"] = StoreUnavailable("throttled")
    assert core.deliver(a_notice(), BOB_PAID) == {"m1", "m2"}


def test_a_cache_that_is_down_is_harmless(core):
    """F19."""
    core.cache.down = True
    assert core.deliver(a_notice()) == frozenset()
    assert core.granted() == [("PURCHASE", 500)]
    assert "cache not updated" in core.log.messages


def test_a_batch_that_changes_nothing_leaves_the_cache_alone(core):
    core.deliver("{")
    assert core.cache.published == []


def test_a_refund_beside_the_invoice_that_it_overtakes_counts(core):
    """F36: hours of outage end in one batch that holds both."""
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    invoice = core.stripe.invoices[next(iter(core.stripe.invoices))]
    assert invoice.payment is not None
    core.stripe.invoices[invoice.id] = replace(invoice, payment=replace(invoice.payment, refunds=(a_refund(1200),)))
    intent = PaymentIntentId(invoice.payment.intent)
    core.deliver(
        a_notice("refund.created", id="evt_r", customer=None, related={"payment_intent": intent}),
        a_notice("invoice.paid", id="evt_i", related={"invoice": invoice.id}),
    )
    assert core.granted() == [("PURCHASE", 100), ("REFUND", -100), ("ACCESS", 0)]


def test_a_refund_seen_before_its_older_invoice_counts(core):
    """F36: the refund's event finds nothing to take back yet; the invoice is not the subscription's latest any more."""
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    name, invoice = next(iter(core.stripe.invoices.items()))
    assert invoice.payment is not None
    core.stripe.invoices[name] = replace(invoice, payment=replace(invoice.payment, refunds=(a_refund(1200),)))
    subscription, plan = next(iter(core.stripe.subscriptions.items()))
    core.stripe.subscriptions[subscription] = replace(plan, latest_invoice=None)
    core.deliver(
        a_notice("refund.created", id="evt_r", customer=None, related={"payment_intent": invoice.payment.intent})
    )
    core.deliver(a_notice("invoice.paid", id="evt_i", related={"invoice": name}))
    assert core.tables.accounts[ALICE].balance == 0
    assert ("REFUND", -100) in core.granted()


def test_a_bug_in_one_event_is_no_reason_to_hold_up_the_others(core):
    """F13: an exception that nobody foresaw comes again by itself, and in the end to the dead-letter queue."""
    core.calls.before("snapshot", raising(KeyError("bug")))
    assert core.deliver(a_notice(), BOB_PAID) == {"m1"}
    assert core.outcomes() == {"evt_bob": "APPLIED"}
    assert core.cache.done == {"evt_bob"}
    assert [(line.level, line.ids["error"]) for line in core.log.lines if line.message == "unexpected error"] == [
        ("error", "KeyError")
    ]
