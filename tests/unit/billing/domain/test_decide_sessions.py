"""One-time purchases: what a checkout session grants, when, and which sessions grant nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.credits import Lot
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import EventId, OrderId, PriceId, PurchaseKey, SessionId
from billing.domain.ledger import Entry, Kind
from billing.domain.purchase import PurchaseState, opened
from billing.domain.snapshot import LineItem
from billing.domain.subscription import Span
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CREDITS,
    CREDITS_90,
    DAY,
    INTENT,
    NOW,
    ORDER,
    PRICES,
    PRO_30,
    SESSION,
    a_payment,
    a_price,
    a_session,
    a_truth,
    an_order,
    before,
    step,
    unpaid,
)

KEY = PurchaseKey(SESSION)
CREDITS_PRO = a_price("credits", 500, credits=500, level="PRO")
LATER = NOW + 2 * DAY


def test_credits_are_granted_by_the_session_with_one_entry_and_its_cause():
    order = an_order(quantity=2)
    after, decision = step(before(order), a_truth(a_session(order, payment=a_payment(1000))), LATER)
    assert decision.account.balance == 1000
    assert decision.account.lots == (Lot(KEY, 0, 1000, NOW),)  # granted at Stripe's payment time, not ours
    assert decision.entries == (
        Entry(ALICE, 2, 0, Kind.PURCHASE, 1000, 1000, SESSION, EventId("evt_1"), "test", "2 x credits", LATER),
    )
    assert (decision.account.version, decision.account.stripe_version) == (2, 2)
    purchase = after.purchases[KEY]
    assert (purchase.state, purchase.paid_at, purchase.amount_total) == (PurchaseState.PAID, NOW, 1000)
    assert (purchase.order, purchase.credits_granted, purchase.source) == (ORDER, 1000, SESSION)
    assert purchase.payment is not None
    assert purchase.payment.intent == INTENT


def test_the_entry_names_all_that_was_bought():
    order = an_order(CREDITS, PRO_30)
    _, decision = step(before(order), a_truth(a_session(order)))
    assert decision.entries[0].reason == "1 x credits, 1 x pro_30"


def test_a_purchase_of_somebody_else_gives_this_account_nothing():
    """S06, F35: whoever leads an event of bob's account to it, it is refused, and neither level nor payment shows."""
    order = an_order(PRO_30)
    truth = a_truth(a_session(order))
    bought, _ = step(before(order), truth)
    bobs = replace(before(user=BOB), purchases=bought.purchases)
    after, decision = step(bobs, truth)
    assert (decision.refused, decision.changed) == ({SESSION: "another owner"}, False)
    assert after.account == replace(bobs.account, stripe_version=2)


def test_deciding_twice_changes_nothing_but_the_count_of_converges():
    """F05: the success page says what was granted, and grants nothing more."""
    order = an_order()
    truth = a_truth(a_session(order))
    once, _ = step(before(order), truth)
    _, again = step(once, truth)
    assert not again.changed
    assert (again.purchases, again.entries) == ((), ())
    assert again.account == replace(once.account, stripe_version=3)


@pytest.mark.parametrize("quantity", [1, 2])
def test_expiry_runs_from_the_payment_however_many_were_bought(quantity):
    order = an_order(CREDITS_90, quantity=quantity)
    after, _ = step(before(order), a_truth(a_session(order)), LATER)
    assert after.account.lots == (Lot(KEY, 0, quantity * 2000, NOW, expires_at=NOW + 90 * DAY),)


def test_a_payment_that_is_seen_after_its_credits_have_run_out_grants_and_expires():
    order = an_order(CREDITS_90)
    _, decision = step(before(order), a_truth(a_session(order)), NOW + 90 * DAY)
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in decision.entries] == [
        (Kind.PURCHASE, 2000, 2000),
        (Kind.EXPIRY, -2000, 0),
    ]
    assert decision.entries[1].stripe_object == SESSION


def test_what_a_bank_debit_bought_begins_when_its_money_is_seen():
    """Decision 0061: its charge is made with the debit, days before; thirty days would be twenty-three."""
    order = an_order(CREDITS_90, PRO_30)
    paid = a_truth(a_session(order, payment=a_payment(2400, card=None)))
    seen = NOW + 7 * DAY
    after, _ = step(before(order), paid, seen + timedelta(milliseconds=5))
    assert (after.account.lots[0].expires_at, after.account.levels[0].paid_at) == (seen + 90 * DAY, seen)
    later, decision = step(after, paid, seen + DAY)
    assert (later.account.levels, decision.changed) == (after.account.levels, False)


def test_a_clock_behind_stripes_dates_no_debit_before_it_was_made():
    order = an_order(PRO_30)
    paid = a_truth(a_session(order, payment=a_payment(900, card=None)))
    after, _ = step(before(order), paid, NOW - DAY)
    assert after.account.levels[0].paid_at == NOW


def test_several_lines_make_one_entry_and_a_lot_each():
    order = an_order(CREDITS, PRO_30, CREDITS_90)
    after, decision = step(before(order), a_truth(a_session(order)))
    assert [(lot.line, lot.granted) for lot in after.account.lots] == [(2, 2000), (0, 500)]
    assert [(grant.line, grant.level) for grant in after.account.levels] == [(1, "PRO")]
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.PURCHASE, 2500), (Kind.ACCESS, 0)]


def test_a_level_begins_at_the_payment_and_quantity_makes_it_longer():
    order = an_order(PRO_30, quantity=2)
    after, decision = step(before(order), a_truth(a_session(order)), LATER)
    assert after.account.levels == (LevelGrant(KEY, 0, "PRO", NOW, 60),)
    assert after.account.access == Span("PRO", NOW + 60 * DAY)
    assert decision.entries == (
        Entry(
            *(ALICE, 2, 0, Kind.ACCESS, 0, 0, SESSION, EventId("evt_1"), "test"),
            "FREE to PRO until 2027-01-20T10:00:00Z",
            LATER,
            access=Span("PRO", NOW + 60 * DAY),
        ),
    )


def test_a_level_without_days_has_no_end():
    lifetime = a_price("lifetime", 9900, level="TEAM")
    order = an_order(lifetime)
    after, decision = step(before(order), a_truth(a_session(order)))
    assert after.account.access == Span("TEAM", None)
    assert decision.entries[0].reason == "FREE to TEAM"


def test_two_purchases_of_a_level_stack():
    first, second = an_order(PRO_30), an_order(PRO_30, id=OrderId("ord_2"))
    other = a_session(second, id=SessionId("cs_2"), payment=a_payment(900, paid_at=NOW + DAY))
    after, _ = step(before(first, second), a_truth(other, a_session(first)), LATER)
    assert after.account.access == Span("PRO", NOW + 60 * DAY)


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (unpaid(a_session(an_order())), PurchaseState.OPEN),
        (unpaid(a_session(an_order()), payment_failed=True), PurchaseState.OPEN),  # a card was declined: try another
        (unpaid(a_session(an_order()), "expired"), PurchaseState.EXPIRED),
        (unpaid(a_session(an_order()), "complete"), PurchaseState.PROCESSING),
        (unpaid(a_session(an_order()), "complete", payment_failed=True), PurchaseState.FAILED),
        (a_session(an_order(), payment_status="no_payment_required"), PurchaseState.PROCESSING),  # but 500 were due
    ],
)
def test_an_unpaid_session_grants_nothing(session, state):
    after, decision = step(before(an_order()), a_truth(session))
    assert after.purchases[KEY].state is state
    assert after.purchases[KEY].credits_granted == 0
    assert (after.account.lots, decision.entries) == ((), ())
    assert decision.changed
    assert not step(after, a_truth(session))[1].changed, "it is told twice, or looked at again"


def test_an_asynchronous_payment_grants_when_it_has_gone_through():
    order = an_order()
    waiting, _ = step(before(order), a_truth(unpaid(a_session(order), "complete")))
    paid, decision = step(waiting, a_truth(a_session(order)))
    assert (paid.account.balance, paid.purchases[KEY].state) == (500, PurchaseState.PAID)
    assert [entry.kind for entry in decision.entries] == [Kind.PURCHASE]


def test_an_asynchronous_payment_that_fails_grants_nothing():
    """F43: nothing was granted."""
    order = an_order()
    waiting, _ = step(before(order), a_truth(unpaid(a_session(order), "complete")))
    failed, decision = step(waiting, a_truth(unpaid(a_session(order), "complete", payment_failed=True)))
    assert (failed.account.balance, failed.purchases[KEY].state) == (0, PurchaseState.FAILED)
    assert decision.entries == ()


@pytest.mark.parametrize("seen", [{"status": "expired"}, {"status": "complete", "payment_failed": True}])
def test_what_was_seen_to_end_unpaid_and_is_paid_all_the_same_grants(seen):
    """Nobody's money is taken for nothing."""
    order = an_order()
    ended, _ = step(before(order), a_truth(unpaid(a_session(order), **seen)))
    after, decision = step(ended, a_truth(a_session(order)), LATER)
    assert (after.account.balance, after.purchases[KEY].state) == (500, PurchaseState.PAID)
    assert [entry.amount for entry in decision.entries] == [500]


def test_an_older_look_at_a_paid_session_takes_nothing_away():
    order = an_order()
    paid, _ = step(before(order), a_truth(a_session(order)))
    _, decision = step(paid, a_truth(unpaid(a_session(order))))
    assert not decision.changed


@pytest.mark.parametrize(("seen", "begins"), [(NOW + DAY, NOW + DAY), (NOW - DAY, NOW - timedelta(hours=1))])
def test_what_was_free_of_charge_begins_when_it_is_seen_and_not_when_its_page_was_made(seen, begins):
    """Decision 0061: the page is open for up to a day; a day's pass would be over when it is given."""
    order = an_order()
    free = a_session(order, payment_status="no_payment_required", amount_total=0, payment=None)
    after, _ = step(before(order), a_truth(free), seen)
    assert (after.account.balance, after.purchases[KEY].paid_at) == (500, begins)


def test_what_was_free_of_charge_gives_its_level_once_however_often_it_is_looked_at():
    """It has no payment: its days would be added up with each further event of the session."""
    order = an_order(PRO_30)
    free = a_truth(a_session(order, payment_status="no_payment_required", amount_total=0, payment=None))
    first, _ = step(before(order), free)
    again, decision = step(first, free)
    assert (again.account.access, decision.changed) == (Span("PRO", NOW + 30 * DAY), False)


def test_the_amount_may_differ_by_discount_and_tax():
    order = an_order()
    after, decision = step(before(order), a_truth(a_session(order, amount_total=119, payment=a_payment(119))))
    assert (after.account.balance, after.purchases[KEY].amount_total) == (500, 119)
    assert decision.refused == {}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"currency": "usd"}, "another currency"),
        ({"items": (LineItem(CREDITS.id, 2),)}, "other lines"),
        ({"items": (LineItem(PriceId("price_cheap"), 1),)}, "other lines"),
        ({"items": ()}, "other lines"),
        ({"items": (LineItem(CREDITS.id, 1), LineItem(CREDITS.id, 1))}, "other lines"),
        ({"items": (LineItem(PRO_30.id, 1),)}, "other lines"),
        ({"items": (LineItem(CREDITS.id, 1), LineItem(PriceId("price_cheap"), 1))}, "other lines"),
    ],
)
def test_a_session_that_is_not_what_was_ordered_is_refused(given, why):
    """F46. It is remembered, with its payment, and grants nothing, however often it is seen."""
    order = an_order(CREDITS_PRO)
    session = a_session(order, **given)
    after, decision = step(before(order), a_truth(session))
    assert decision.refused == {SESSION: why}
    assert (decision.account.balance, decision.account.levels, decision.entries) == (0, (), ())
    purchase = after.purchases[KEY]
    assert (purchase.state, purchase.payment, purchase.paid_at) == (PurchaseState.REFUSED, session.payment, None)
    _, again = step(after, a_truth(session))
    assert (again.refused, again.changed) == ({SESSION: why}, False)


def test_what_cost_nothing_is_held_against_its_order_as_well():
    free = a_session(an_order(), items=(LineItem(CREDITS.id, 9),), amount_total=0, payment=None)
    _, decision = step(before(an_order()), a_truth(replace(free, payment_status="no_payment_required")))
    assert (decision.refused, decision.account.balance) == ({SESSION: "other lines"}, 0)


@pytest.mark.parametrize("stored", [True, False])
def test_a_session_of_another_owners_order_is_refused(stored):
    """S14: who names it in metadata gets nothing of it."""
    order = an_order(user=BOB)
    state = before(order)
    if stored:
        state = replace(state, purchases={KEY: opened(order, SESSION)}, orders={})
    _, decision = step(state, a_truth(a_session(order)))
    assert decision.refused == {SESSION: "another owner"}
    assert (decision.account.balance, decision.purchases) == (0, ())


@pytest.mark.parametrize("order", [None, OrderId("ord_of_another_app")])
def test_a_session_that_leads_to_no_order_of_ours_is_foreign(order):
    """F65."""
    _, decision = step(before(), a_truth(a_session(order=None, payment=a_payment(), status="complete")))
    assert decision.foreign == {SESSION}
    _, decision = step(before(), a_truth(replace(a_session(), order=order)))
    assert decision.foreign == {SESSION}
    assert (decision.changed, decision.entries, decision.purchases) == (False, (), ())


def test_a_session_without_a_stored_purchase_is_ours_by_its_order():
    """The function that made it died before it could store the purchase."""
    order = an_order()
    stored = replace(before(), purchases={KEY: replace(opened(order, SESSION), version=1)})
    by_order, _ = step(before(order), a_truth(a_session(order)))
    by_purchase, _ = step(stored, a_truth(replace(a_session(order), order=None)))
    assert by_order.account == by_purchase.account
    assert by_order.account.balance == 500


def test_the_order_is_frozen_whatever_the_catalog_says_now():
    order = an_order()
    dearer = {**PRICES, CREDITS.id: a_price("credits", 500, credits=1)}
    after, _ = step(before(order), a_truth(a_session(order), prices=dearer))
    assert after.account.balance == 500


def test_the_session_of_a_subscription_grants_neither_credits_nor_a_level_by_itself():
    """F54: its invoice lines grant the credits, the subscription gives the level."""
    order = an_order(a_price("pro_monthly", 1200, "month", credits=100, level="PRO"))
    session = a_session(order, payment_status="no_payment_required", payment=None)
    after, decision = step(before(order), a_truth(session), LATER)
    assert (after.purchases[KEY].state, after.purchases[KEY].amount_total) == (PurchaseState.PAID, 1200)
    assert after.purchases[KEY].paid_at == session.created  # nothing begins with it
    assert after.purchases[KEY].credits_granted == 0
    assert (after.account.lots, after.account.levels, decision.entries) == ((), (), ())


def test_a_foreign_session_a_refused_one_and_a_good_one_are_told_apart_in_one_look():
    good, bad = an_order(), an_order(id=OrderId("ord_2"))
    truth = a_truth(
        a_session(bad, id=SessionId("cs_bad"), currency="usd"),
        a_session(id=SessionId("cs_foreign")),
        a_session(good),
    )
    after, decision = step(before(good, bad), truth)
    assert decision.foreign == {"cs_foreign"}
    assert decision.refused == {"cs_bad": "another currency"}
    assert after.account.balance == 500
    states = {key: purchase.state for key, purchase in after.purchases.items()}
    assert states == {KEY: PurchaseState.PAID, "cs_bad": PurchaseState.REFUSED}
