"""The account itself: counters, customers, the trail of access, and who is named as the cause."""

from dataclasses import replace

import pytest

from billing.domain.account import Account
from billing.domain.credits import Lot, Reservation, Share
from billing.domain.decide import Before, decide
from billing.domain.ids import (
    CustomerId,
    EventId,
    OrderId,
    PurchaseKey,
    ReservationId,
    SessionId,
    SubscriptionId,
)
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.purchase import Purchase, lots_of, opened
from billing.domain.records import Outcome
from billing.domain.subscription import Span
from tests.fakes.snapshots import (
    ALICE,
    CAUSE,
    CUSTOMER,
    DAY,
    NOW,
    ORDER,
    POLICY,
    PRO_30,
    SESSION,
    TEAM_YEARLY,
    a_payment,
    a_price,
    a_session,
    a_subscription,
    a_truth,
    an_invoice,
    an_order,
    before,
    step,
)

OLD, NEW = CustomerId("cus_old"), CustomerId("cus_new")


def test_a_look_that_changes_nothing_counts_as_a_converge_and_as_no_version():
    """Money rule 1."""
    after, decision = step(before(), a_truth())
    assert not decision.changed
    assert (after.account.version, after.account.stripe_version) == (1, 2)
    assert decision.entries == ()


def test_an_account_that_was_never_written_is_written_even_when_empty():
    _, decision = step(Before(Account(ALICE)), a_truth())
    assert decision.changed
    assert (decision.account.version, decision.account.stripe_version) == (1, 1)


def test_a_look_at_stripe_leaves_what_is_reserved_alone_until_it_lapses():
    lot = Lot(PurchaseKey("cs_0"), 0, 100, NOW, held=60)
    held = Reservation(ReservationId("rsv_1"), 60, NOW, NOW + DAY, (Share(lot.purchase, 0, 60),))
    state = before(lots=(lot,), balance=100, reservations=(held,))
    after, decision = step(state, a_truth(a_subscription()))
    assert (after.account.reservations, after.account.lots, decision.changed) == ((held,), (lot,), True)
    lapsed, _ = step(after, a_truth(a_subscription()), NOW + DAY)
    assert (lapsed.account.reservations, [lot.held for lot in lapsed.account.lots]) == ((), [0])


def test_a_lot_that_left_the_account_is_not_brought_back_by_a_look():
    order = an_order()
    bought, _ = step(before(order), a_truth(a_session(order)))
    (lot,) = bought.account.lots
    spent = replace(lot, used=500)
    state = replace(bought, account=replace(bought.account, lots=(), balance=0), moved={lot.key: spent})
    _, decision = step(state, a_truth(a_session(order)))
    assert (decision.account.lots, decision.moved, decision.changed) == ((), (), False)


def test_deciding_leaves_what_was_stored_alone():
    state = before(an_order())
    step(state, a_truth(a_session(an_order())))
    assert state == before(an_order())


def test_a_deleted_customer_makes_way_for_the_next_generation():
    """F44: the ledger and the credits stay."""
    after, decision = step(before(), a_truth(deleted_customers=frozenset({CUSTOMER})))
    account = after.account
    assert (account.customer, account.customers, account.deleted_customers) == (None, (), (CUSTOMER,))
    assert (account.customer_generation, decision.changed) == (2, True)


def test_an_old_customer_that_is_deleted_changes_neither_the_current_one_nor_its_access():
    """F57."""
    state, _ = step(before(customers=(OLD, NEW)), a_truth(a_subscription(customer=NEW)))
    after, _ = step(state, a_truth(a_subscription(customer=NEW), deleted_customers=frozenset({OLD})))
    account = after.account
    assert (account.customer, account.customer_generation) == (NEW, 1)
    assert (account.access, account.customers, account.deleted_customers) == (Span("PRO", None), (NEW,), (OLD,))


def test_customers_that_are_deleted_one_after_the_other_are_all_remembered():
    """Else a refund of what the first had paid is taken for somebody else's, and its credits stay."""
    state, _ = step(before(customers=(OLD, NEW)), a_truth(deleted_customers=frozenset({OLD})))
    state, _ = step(state, a_truth(deleted_customers=frozenset({NEW})))
    assert (state.account.customers, state.account.deleted_customers) == ((), (OLD, NEW))


def test_a_customer_that_is_not_this_users_changes_nothing():
    _, decision = step(before(), a_truth(deleted_customers=frozenset({CustomerId("cus_else")})))
    assert not decision.changed


@pytest.mark.parametrize(
    ("status", "began"), [("trialing", True), ("canceled", True), ("incomplete", False), ("incomplete_expired", False)]
)
def test_a_group_in_which_a_subscription_ever_began_is_kept(status, began):
    """One trial in each group: the account remembers after the subscription is gone, and after its customer is."""
    state, _ = step(before(), a_truth(a_subscription(status=status)))
    state, _ = step(state, a_truth(deleted_customers=frozenset({CUSTOMER})))
    assert state.account.subscribed == (("default",) if began else ())


def test_a_group_is_kept_by_its_own_name_when_its_price_is_gone_from_the_catalog():
    storage = a_price("storage", 200, "month", plan="storage", plan_group="storage")
    state, _ = step(before(), a_truth(a_subscription(storage), prices={storage.id: storage}))
    state, _ = step(state, a_truth(a_subscription(storage), prices={}))
    assert state.account.subscribed == ("storage",)


def test_a_group_of_before_is_kept_when_the_next_begins_in_another():
    """Else whoever subscribes elsewhere, after the first customer is gone, has another trial where the first was."""
    storage = a_price("storage", 200, "month", plan="storage", plan_group="storage")
    state, _ = step(before(customers=(OLD, NEW)), a_truth(a_subscription(customer=OLD)))
    state, _ = step(state, a_truth(deleted_customers=frozenset({OLD})))
    state, _ = step(state, a_truth(a_subscription(storage, customer=NEW), prices={storage.id: storage}))
    assert state.account.subscribed == ("default", "storage")


def test_the_trail_of_access_tells_each_change_and_no_repetition():
    order = an_order(PRO_30)
    first, _ = step(before(order), a_truth(a_session(order)))
    upgraded, decision = step(first, a_truth(a_subscription(TEAM_YEARLY)), NOW + DAY)
    assert [(entry.kind, entry.reason, entry.stripe_object) for entry in decision.entries] == [
        (Kind.ACCESS, "PRO until 2026-12-21T10:00:00Z to TEAM", "sub_1")
    ]
    back, decision = step(upgraded, a_truth(), NOW + 2 * DAY)
    assert decision.entries[0].reason == "TEAM to PRO until 2026-12-21T10:00:00Z"
    over, decision = step(back, a_truth(), NOW + 30 * DAY)
    assert decision.entries[0].reason == "PRO until 2026-12-21T10:00:00Z to FREE"
    _, decision = step(over, a_truth(), NOW + 31 * DAY)
    assert decision.entries == ()


def test_an_entry_of_access_names_the_subscription_that_moved():
    second = a_subscription(TEAM_YEARLY, id=SubscriptionId("sub_2"))
    both, _ = step(before(), a_truth(a_subscription(), second))
    trial = replace(second, status="trialing", trial_end=NOW + DAY)
    _, decision = step(both, a_truth(a_subscription(), trial))
    assert [(entry.stripe_object, entry.reason) for entry in decision.entries] == [
        ("sub_2", "TEAM to TEAM until 2026-11-22T10:00:00Z")
    ]


def test_an_entry_of_access_names_the_level_that_was_bought_before_a_subscription_that_moved_with_it():
    order = an_order(a_price("team_30", 2000, level="TEAM", level_days=30))
    _, decision = step(before(order), a_truth(a_session(order), a_subscription()))
    assert [(entry.stripe_object, entry.access.level) for entry in decision.entries if entry.access] == [
        ("cs_1", "TEAM")
    ]


def test_a_cancellation_at_period_end_is_a_change_without_an_entry():
    running, _ = step(before(), a_truth(a_subscription(), an_invoice()))
    after, decision = step(running, a_truth(a_subscription(cancel_at_period_end=True), an_invoice()))
    assert (decision.changed, decision.entries) == (True, ())
    assert after.account.subscriptions[0].cancel_at_period_end


def test_each_entry_names_the_event_that_speaks_of_its_object_else_the_first():
    order, other = an_order(), an_order(id=OrderId("ord_2"))
    cause = Cause("event_consumer", ((EventId("evt_a"), frozenset({"sub_9"})), (EventId("evt_b"), frozenset({"cs_2"}))))
    truth = a_truth(a_session(order), a_session(other, id=SessionId("cs_2")))
    decision = decide(before(order, other), truth, NOW, POLICY, cause)
    assert [(entry.stripe_object, entry.event, entry.index) for entry in decision.entries] == [
        ("cs_1", "evt_a", 0),
        ("cs_2", "evt_b", 1),
    ]


def test_without_an_event_the_actor_is_the_cause():
    order = an_order()
    decision = decide(before(order), a_truth(a_session(order)), NOW, POLICY, Cause("success_sync"))
    assert [(entry.event, entry.actor) for entry in decision.entries] == [(None, "success_sync")]
    assert CAUSE.event_of(None) == "evt_1"


def test_the_key_of_an_entry_is_in_order_without_a_clock():
    """Money rule 6."""
    entry = Entry(ALICE, 7, 3, Kind.PURCHASE, 1, 1, None, None, "test", "", NOW)
    assert entry.key == "000000000007#003"
    assert entry.key < replace(entry, version=10, index=0).key


def test_a_session_begins_as_an_open_purchase_of_its_order():
    order = an_order()
    assert opened(order, SESSION) == Purchase(
        PurchaseKey(SESSION), ALICE, ORDER, "payment", "eur", order.lines, order.created_at
    )
    assert lots_of(opened(order, SESSION)) == []


@pytest.mark.parametrize(
    ("outcome", "terminal"),
    [("APPLIED", True), ("NOOP", True), ("IGNORED", True), ("PARKED", False), ("QUARANTINED", False)],
)
def test_parked_and_quarantined_events_can_be_tried_again(outcome, terminal):
    assert Outcome(outcome).terminal is terminal


def test_the_pointer_target_of_a_payment_is_kept_with_the_purchase():
    order = an_order()
    after, _ = step(before(order), a_truth(a_session(order, payment=a_payment(500))))
    assert [purchase.payment.intent for purchase in after.purchases.values() if purchase.payment] == ["pi_1"]
