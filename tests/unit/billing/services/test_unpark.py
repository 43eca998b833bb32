"""Events that were parked before their customer had an owner are applied once it has one, each once (F53)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import CustomerId, EventId, PaymentIntentId
from billing.domain.notice import Notice
from billing.domain.records import Outcome
from billing.errors import MalformedObject, StripeUnavailable
from billing.services.resync import resync
from billing.services.start_checkout import start_checkout
from billing.services.unpark import unpark
from tests.fakes.core import Core, a_notice
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, BOB, CUSTOMER, NOW, ORDER, a_subscription, an_invoice, an_order
from tests.fakes.world import raising

SOON = NOW + timedelta(minutes=1)
RENEWED = a_notice("invoice.paid", id="evt_paid", related={"invoice": "in_1"})


@pytest.fixture
def core() -> Core:
    """A customer with a subscription that was made in the dashboard, of nobody yet."""
    core = Core()
    core.has_customer()
    core.tables.owners.clear()
    core.stripe.subscriptions[a_subscription().id] = a_subscription(latest_invoice=an_invoice().id)
    core.stripe.invoices[an_invoice().id] = an_invoice()
    return core


def owned(core: Core) -> None:
    core.tables.owners[CUSTOMER] = ALICE


def changed(name: str, **given) -> Notice:
    return a_notice("customer.subscription.updated", id=name, related={"subscription": "sub_1"}, **given)


def test_the_next_event_of_the_customer_brings_what_was_parked(core):
    core.deliver(RENEWED, changed("evt_sub"))
    assert core.outcomes() == {"evt_paid": "PARKED", "evt_sub": "PARKED"}
    assert core.tables.parked == {CUSTOMER: {"evt_paid", "evt_sub"}}
    owned(core)
    core.deliver(a_notice("customer.updated", id="evt_next", related={}))
    assert core.outcomes() == {"evt_next": "APPLIED", "evt_paid": "NOOP", "evt_sub": "NOOP"}
    assert core.tables.parked == {}
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    assert core.cache.done == {"evt_next", "evt_paid", "evt_sub"}


def test_of_two_users_in_one_batch_each_has_applied_what_was_parked(core):
    bobs = CustomerId("cus_bob")
    core.has_customer(BOB, bobs)
    core.tables.owners.clear()
    core.deliver(changed("evt_sub"), a_notice("customer.updated", id="evt_bob", customer=bobs, related={}))
    core.tables.owners |= {CUSTOMER: ALICE, bobs: BOB}
    both = [a_notice("customer.updated", id=f"evt_{name}", customer=name, related={}) for name in (CUSTOMER, bobs)]
    core.deliver(*both)
    assert (core.tables.parked, "PARKED" in core.outcomes().values()) == ({}, False)


def test_a_parked_event_that_comes_again_stands_on_the_list_once(core):
    core.deliver(RENEWED)
    core.deliver(RENEWED)
    assert core.tables.parked == {CUSTOMER: {"evt_paid"}}


def test_nothing_is_asked_for_a_customer_without_a_list(core):
    owned(core)
    core.deliver(RENEWED)
    assert core.calls.count("parked") == 0


def test_what_was_parked_touches_the_payments_that_it_names(core):
    """A renewal behind the latest one is granted only because its own event is heard."""
    older = an_invoice(id="in_0", billing_reason="subscription_cycle")
    core.stripe.invoices[older.id] = older
    core.deliver(a_notice("invoice.paid", id="evt_old", related={"invoice": "in_0"}))
    owned(core)
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.account().balance == 200
    assert core.outcomes() == {"evt_old": "APPLIED"}


def test_a_long_list_is_worked_off_in_parts(core):
    for number in range(95):
        core.deliver(changed(f"evt_{number:02}"))
    owned(core)
    assert len(list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))) == 3
    assert "PARKED" not in core.outcomes().values()
    assert core.tables.parked == {}


def test_what_is_left_at_the_deadline_stays_on_the_list(core):
    for number in range(95):
        core.deliver(changed(f"evt_{number:02}"))
    owned(core)
    core.calls.before("snapshot", lambda: core.clock.sleep(60))
    assert len(list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))) == 1
    assert len(core.tables.parked[CUSTOMER]) == 55


def test_what_was_parked_is_applied_as_far_as_the_time_of_the_batch_reaches(core):
    """F11."""
    for number in range(95):
        core.deliver(changed(f"evt_{number:02}"))
    owned(core)
    core.calls.before("snapshot", lambda: None, lambda: core.clock.sleep(60))
    assert core.deliver(a_notice("customer.updated", id="evt_next", related={}), deadline=SOON) == frozenset()
    assert len(core.tables.parked[CUSTOMER]) == 55


def test_a_part_that_is_split_ends_with_the_time_of_the_batch(core):
    """F11: each of its events takes a look at Stripe of its own."""
    bad = a_notice("invoice.paid", id="evt_0", related={"invoice": "in_gone"})
    core.deliver(bad, *(changed(f"evt_{number:02}") for number in range(30)))
    owned(core)
    core.calls.before("snapshot", *[lambda: core.clock.sleep(10)] * 40)
    assert core.deliver(a_notice("customer.updated", id="evt_next", related={}), deadline=SOON) == frozenset()
    assert core.clock.now() == SOON
    assert core.outcomes()["evt_0"] == "QUARANTINED"
    assert list(core.outcomes().values()).count("PARKED") == 27
    shown = core.cache.accounts[ALICE]
    assert shown.version == core.account().version, "what was done is told"


def test_what_was_done_before_a_failure_is_told(core):
    """F22: the first part is committed, the second fails."""
    for number in range(95):
        core.deliver(changed(f"evt_{number:02}"))
    owned(core)
    core.calls.before("snapshot", lambda: None, lambda: None, raising(StripeUnavailable("down")))
    core.deliver(a_notice("customer.updated", id="evt_next", related={}))
    assert core.cache.accounts[ALICE].version == core.account().version
    assert {"evt_next", "evt_00", "evt_39"} <= core.cache.done


def test_an_event_that_a_replay_has_moved_is_only_taken_off_the_list(core):
    core.deliver(RENEWED)
    owned(core)
    record = core.tables.events[EventId("evt_paid")]
    core.tables.events[record.id] = type(record)(
        record.id, record.type, record.created, Outcome.APPLIED, None, NOW, CUSTOMER
    )
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.outcomes() == {"evt_paid": "APPLIED"}
    assert core.tables.parked == {}


def test_what_stands_behind_one_that_a_replay_has_moved_is_applied(core):
    core.deliver(changed("evt_moved"), changed("evt_still"))
    owned(core)
    moved = core.tables.events[EventId("evt_moved")]
    core.tables.events[moved.id] = replace(moved, outcome=Outcome.NOOP, message=None)
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.outcomes() == {"evt_moved": "NOOP", "evt_still": "APPLIED"}


def test_an_event_that_is_recorded_in_between_is_taken_off_the_list_all_the_same(core):
    core.deliver(RENEWED)
    owned(core)

    def replayed():
        record = core.tables.events[EventId("evt_paid")]
        core.tables.events[record.id] = type(record)(
            record.id, record.type, record.created, Outcome.NOOP, None, NOW, CUSTOMER
        )

    core.calls.before("commit", replayed)
    results = list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert [result.replayed for result in results] == [{"evt_paid"}]
    assert core.tables.parked == {}


def test_a_part_that_can_never_succeed_is_split_and_only_the_bad_event_is_quarantined(core):
    bad = a_notice("invoice.paid", id="evt_bad", related={"invoice": "in_gone"})
    core.deliver(bad, changed("evt_good"), RENEWED)
    owned(core)
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.outcomes() == {"evt_bad": "QUARANTINED", "evt_good": "APPLIED", "evt_paid": "NOOP"}
    assert core.tables.parked == {}
    assert core.account().balance == 100
    assert {entry.actor for entry in core.tables.entries(ALICE)} == {"test"}
    bad_one = core.tables.events[EventId("evt_bad")]
    assert bad_one.reason
    assert bad_one.recorded_at == core.clock.now()


def test_a_part_that_was_split_and_not_finished_leaves_the_rest_on_the_list(core):
    bad = a_notice("invoice.paid", id="evt_bad", related={"invoice": "in_gone"})
    core.deliver(bad, changed("evt_good"), RENEWED)
    owned(core)
    go_on = [lambda: None] * 3  # all of them together, the bad one, the good one
    core.calls.before("snapshot", *go_on, raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.outcomes() == {"evt_bad": "QUARANTINED", "evt_good": "APPLIED", "evt_paid": "PARKED"}
    assert "evt_paid" in core.tables.parked[CUSTOMER]


def test_every_customer_is_looked_at_also_behind_one_without_a_list(core):
    core.has_customer(customer=CustomerId("cus_two"))
    names = [CustomerId("cus_none"), CUSTOMER, CustomerId("cus_two")]
    core.tables.accounts[ALICE] = replace(core.account(), customers=(CUSTOMER, CustomerId("cus_two")))
    core.tables.owners.clear()
    core.deliver(changed("evt_1"), changed("evt_2", customer="cus_two"))
    core.tables.owners |= {CUSTOMER: ALICE, CustomerId("cus_two"): ALICE}
    assert len(list(unpark(ALICE, names, "test", core.converge, SOON))) == 2
    assert "PARKED" not in core.outcomes().values()


def test_a_parked_refund_that_names_its_charge_alone_takes_back(core):
    """F36, F39: whose payment it is the pointer says, and which payment Stripe."""
    intent, older = PaymentIntentId("pi_older"), an_invoice(id="in_0")
    core.stripe.charges["ch_1"] = intent
    core.stripe.invoices[older.id] = older
    core.deliver(a_notice("charge.refunded", id="evt_back", related={"charge": "ch_1"}))
    assert core.outcomes() == {"evt_back": "IGNORED"}, "an event of a payment is nobody's for good"
    record = core.tables.events[EventId("evt_back")]
    notice = a_notice("charge.refunded", id="evt_back", related={"charge": "ch_1"})
    core.tables.events[record.id] = replace(record, outcome=Outcome.PARKED, message=notice.to_text())
    core.tables.parked[CUSTOMER] = {record.id}
    core.tables.pointers[intent] = (ALICE, older.id)
    owned(core)
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.account().balance == 200


def test_a_failure_that_may_pass_leaves_all_as_it_is_and_harms_no_other(core):
    core.deliver(RENEWED)
    owned(core)
    core.calls.before("snapshot", lambda: None, raising(StripeUnavailable("down")))
    assert core.deliver(a_notice("customer.updated", id="evt_next", related={})) == frozenset()
    assert core.outcomes() == {"evt_next": "APPLIED", "evt_paid": "PARKED"}
    assert "parked events not applied" in core.log.messages
    core.deliver(a_notice("customer.updated", id="evt_more", related={}))
    assert core.outcomes()["evt_paid"] == "NOOP"


def test_more_than_the_list_holds_is_parked_all_the_same(core):
    core.tables.most_parked = 2
    for number in range(3):
        core.deliver(changed(f"evt_{number}"))
    assert core.outcomes() == {"evt_0": "PARKED", "evt_1": "PARKED", "evt_2": "PARKED"}
    owned(core)
    list(unpark(ALICE, [CUSTOMER], "test", core.converge, SOON))
    assert core.outcomes() == {"evt_0": "APPLIED", "evt_1": "APPLIED", "evt_2": "PARKED"}


def test_another_apps_customers_may_be_ignored(core):
    """F65: an installation that shares its Stripe account does not keep each event of the others without end."""
    core.consume = replace(core.consume, park_foreign=False)
    core.deliver(changed("evt_foreign"), changed("evt_hinted", order=ORDER))
    assert core.outcomes() == {"evt_foreign": "IGNORED", "evt_hinted": "IGNORED"}
    assert {record.reason for record in core.tables.events.values()} == {"foreign customer"}
    assert core.cache.done == {"evt_foreign", "evt_hinted"}
    core.tables.orders[ORDER] = an_order()
    core.deliver(changed("evt_ours", order=ORDER))
    assert core.outcomes()["evt_ours"] == "PARKED"


def test_a_first_checkout_applies_what_was_parked():
    """The owner is written by it, and the buyer waits for one part at most."""
    core = Core()
    name = CustomerId("cus_1")  # which is the one that the fake will make
    core.stripe.subscriptions[a_subscription().id] = a_subscription(customer=name, latest_invoice=an_invoice().id)
    core.stripe.invoices[an_invoice().id] = an_invoice(customer=name)
    for number in range(50):
        core.deliver(changed(f"evt_{number:02}", customer=name))
    start_checkout(a_request("credits"), core.checkout)
    assert core.account().balance == 100
    assert list(core.outcomes().values()).count("PARKED") == 10
    core.deliver(a_notice("customer.updated", id="evt_next", customer=name, related={}))
    assert "PARKED" not in core.outcomes().values()


def test_a_message_that_cannot_be_read_is_said(core):
    core.calls.before("parked", raising(MalformedObject("no")))
    core.deliver(RENEWED)
    owned(core)
    core.deliver(a_notice("customer.updated", id="evt_next", related={}))
    assert "parked events not applied" in core.log.messages


@pytest.mark.parametrize("message", ['{"v": 0}', "{"])
def test_one_that_can_not_be_read_any_more_holds_up_no_other_and_no_resync(core, message):
    """A later release may write another message, and what is parked has no end."""
    core.deliver(RENEWED, changed("evt_sub"))
    core.tables.events[EventId("evt_sub")] = replace(core.tables.events[EventId("evt_sub")], message=message)
    owned(core)
    core.clock.time = NOW + timedelta(seconds=5)
    resync(ALICE, core.converge, core.cache, SOON)
    assert core.outcomes() == {"evt_paid": "NOOP", "evt_sub": "QUARANTINED"}
    unread = core.tables.events[EventId("evt_sub")]
    assert (unread.reason, unread.recorded_at) == ("its message can't be read", core.clock.now())
    assert core.tables.parked == {}
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    assert core.metrics.counts["EventsByOutcome{outcome=QUARANTINED}"] == 1


def test_what_is_published_is_what_the_last_converge_of_a_batch_left(core):
    core.deliver(changed("evt_sub"))
    owned(core)
    canceled = a_subscription(status="canceled")
    core.calls.after("commit", lambda: core.stripe.subscriptions.update({canceled.id: canceled}))
    core.deliver(a_notice("customer.updated", id="evt_next", related={}))
    shown = core.cache.accounts[ALICE]
    assert (shown.level, shown.version) == ("FREE", core.account().version)


def test_a_bug_on_the_way_to_what_is_parked_leaves_it_there(core):
    core.deliver(changed("evt_sub"))
    owned(core)
    core.calls.broken["parked"] = KeyError("a bug")
    assert core.deliver(a_notice("customer.updated", id="evt_next", related={})) == frozenset()
    assert core.outcomes() == {"evt_next": "APPLIED", "evt_sub": "PARKED"}
    assert core.cache.done == {"evt_next"}


@pytest.mark.parametrize("seen_before", [False, True], ids=["a new account", "an account that was looked at"])
def test_a_customer_that_is_gone_before_it_is_owned_leaves_nothing_parked(seen_before):
    """F44: made by a call that died, and deleted since; its key answers it again. The simulation found it."""
    core = Core()
    if seen_before:
        resync(ALICE, core.converge, core.cache, SOON)
    gone = core.stripe.create_customer(ALICE, a_request().email, "customer:alice:1")
    core.stripe.deleted.add(gone)
    core.deliver(a_notice("customer.deleted", id="evt_gone", customer=gone, related={}))
    assert core.outcomes() == {"evt_gone": "PARKED"}
    start_checkout(a_request(), core.checkout)
    assert core.outcomes()["evt_gone"] in ("APPLIED", "NOOP")
    assert core.tables.parked == {}
    assert core.account().deleted_customers == (gone,)


def test_a_resync_settles_what_was_parked_of_a_customer_that_is_gone(core):
    core.deliver(a_notice("customer.deleted", id="evt_gone", related={}))
    owned(core)
    core.stripe.deleted.add(CUSTOMER)
    resync(ALICE, core.converge, core.cache, SOON)
    assert core.outcomes()["evt_gone"] in ("APPLIED", "NOOP")
    assert core.tables.parked == {}
