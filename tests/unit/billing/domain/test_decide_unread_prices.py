"""Renewals at prices of which Stripe does not say what they give (docs/decisions/0062)."""

from dataclasses import replace

from billing.domain.catalog import Gives
from billing.domain.ids import InvoiceId, PurchaseKey
from billing.domain.ledger import Kind
from billing.domain.purchase import PurchaseState
from billing.domain.subscription import state_of
from tests.fakes.snapshots import (
    BOB,
    DAY,
    NOW,
    ORDER,
    POLICY,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_line,
    a_session,
    a_subscription,
    a_truth,
    an_invoice,
    an_item,
    an_order,
    before,
    step,
)

PLAN_ORDER = an_order(PRO_MONTHLY)
RENEWAL = an_invoice(
    a_line(period_end=NOW + 60 * DAY),
    id=InvoiceId("in_2"),
    billing_reason="subscription_cycle",
    paid_at=NOW + 30 * DAY,
)


def test_a_renewal_at_a_price_that_was_deleted_grants_what_was_ordered():
    """Decision 0062: the subscription was switched before anybody looked, and shows the price no longer."""
    switched = a_subscription(TEAM_YEARLY, order=ORDER)
    truth = a_truth(switched, RENEWAL, prices={TEAM_YEARLY.id: TEAM_YEARLY})
    after, decision = step(before(PLAN_ORDER), truth)
    assert [(entry.kind, entry.amount) for entry in decision.entries if entry.amount] == [(Kind.RENEWAL, 100)]
    assert after.purchases[PurchaseKey("in_2#il_1")].order is None
    for orders in ((), (an_order(PRO_MONTHLY, user=BOB),), (an_order(TEAM_YEARLY),)):
        after, _ = step(before(*orders), truth)
        assert (after.account.balance, after.purchases) == (0, {})


def test_what_a_session_still_says_of_a_deleted_price_lets_no_invoice_grant():
    """It lets the session be what was sold, and no other look would find it."""
    switched = a_subscription(TEAM_YEARLY)
    truth = replace(a_truth(switched, RENEWAL), deleted_prices=frozenset({PRO_MONTHLY.id}))
    after, _ = step(before(), truth)
    assert (after.account.balance, after.purchases) == (0, {})
    upsold, order = an_order(PRO_MONTHLY), an_order(TEAM_YEARLY)
    session = a_session(upsold, payment_status="no_payment_required", payment=None)
    after, _ = step(before(order), replace(a_truth(session), deleted_prices=frozenset({PRO_MONTHLY.id})))
    assert after.purchases[PurchaseKey(session.id)].state is PurchaseState.PAID


def test_so_does_the_period_of_a_change_that_has_ended_the_trial():
    changed = an_invoice(a_line(), id=InvoiceId("in_2"), billing_reason="subscription_update")
    switched = a_subscription(TEAM_YEARLY, order=ORDER, trial_end=NOW)
    after, _ = step(before(PLAN_ORDER), a_truth(switched, changed, prices={TEAM_YEARLY.id: TEAM_YEARLY}))
    assert after.account.balance == 100


def test_how_many_there_are_follows_stripe_also_where_the_price_is_gone():
    known = state_of(a_subscription(), None, [], {PRO_MONTHLY.id: PRO_MONTHLY}, POLICY.levels)
    after = state_of(a_subscription(items=(an_item(quantity=0),)), known, [], {}, POLICY.levels)
    assert (after.quantity, after.level) == (0, None)


def test_a_renewal_at_a_price_with_broken_metadata_grants_nothing_until_that_is_mended():
    broken = replace(PRO_MONTHLY, gives=Gives(), problem="not a whole number", broken_key="credits_amount")
    subscription = a_subscription(order=ORDER)
    waits, _ = step(before(PLAN_ORDER), a_truth(subscription, RENEWAL, prices={PRO_MONTHLY.id: broken}))
    assert (waits.account.balance, waits.purchases) == (0, {})
    mended, _ = step(waits, a_truth(subscription, RENEWAL))
    assert mended.account.balance == 100
