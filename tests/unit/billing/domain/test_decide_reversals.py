"""Refunds, disputes and expiry of what was granted: one purchase, one register, one target."""

from dataclasses import replace

import pytest

from billing.domain.decide import Before
from billing.domain.ids import OrderId, PaymentIntentId, SessionId
from billing.domain.ledger import Kind
from billing.domain.snapshot import Snapshot
from billing.domain.subscription import Span
from tests.fakes.snapshots import (
    CREDITS,
    CREDITS_90,
    CUSTOMER,
    DAY,
    NOW,
    POLICY,
    PRO_30,
    SESSION,
    a_dispute,
    a_payment,
    a_price,
    a_refund,
    a_session,
    a_subscription,
    a_truth,
    an_invoice,
    an_order,
    before,
    settled,
    step,
)

ORDERED = an_order(CREDITS, PRO_30)  # 500 credits and 30 days for 1400


def truth(*registers, order=ORDERED, captured: int = 1400) -> Snapshot:
    refunds = tuple(item for item in registers if item.id.startswith("re_"))
    disputes = tuple(item for item in registers if item.id.startswith("dp_"))
    return a_truth(a_session(order, payment=a_payment(captured, refunds=refunds, disputes=disputes)))


PAID, _ = step(before(ORDERED), truth())


def told(state: Before, *registers) -> tuple[Before, list[tuple[Kind, int, int]]]:
    after, decision = step(state, truth(*registers), NOW + DAY)
    return after, [(entry.kind, entry.amount, entry.balance_after) for entry in decision.entries]


def test_a_full_refund_takes_the_credits_and_ends_the_level():
    after, entries = told(PAID, a_refund(1400, at=NOW + DAY))
    assert entries == [(Kind.REFUND, -500, 0), (Kind.ACCESS, 0, 0)]
    assert after.account.access == Span("FREE", None)


def test_a_partial_refund_takes_its_share_and_leaves_the_level():
    after, entries = told(PAID, a_refund(1000))
    assert entries == [(Kind.REFUND, -357, 143)]  # 357.14, rounded down
    assert after.account.access == Span("PRO", NOW + 30 * DAY)


@pytest.mark.parametrize(
    ("first", "then", "kind", "reason"),
    [
        ((), (a_refund(3),), Kind.REFUND, "payment refunded"),
        ((), (a_dispute(1400),), Kind.DISPUTE, "payment disputed"),
        ((a_refund(3),), (a_refund(3, "failed"),), Kind.REFUND_FAILED, "refund failed"),
        ((a_dispute(1400),), (a_dispute(1400, "won"),), Kind.DISPUTE_WON, "dispute won"),
    ],
)
def test_the_entry_says_what_moved_and_of_which_purchase(first, then, kind, reason):
    state, _ = step(PAID, truth(*first))
    _, decision = step(state, truth(*then))
    entry = decision.entries[0]
    assert (entry.kind, entry.reason, entry.stripe_object) == (kind, reason, SESSION)


def test_the_smallest_refund_is_one_however_late_the_purchase_is_seen():
    order = an_order(CREDITS)
    cent = truth(a_refund(1), order=order, captured=500)
    _, at_once = step(before(order), cent)
    paid, _ = step(before(order), truth(order=order, captured=500))
    _, later = step(paid, cent)
    assert [entry.kind for entry in at_once.entries] == [Kind.PURCHASE, Kind.REFUND]
    assert [entry.kind for entry in later.entries] == [Kind.REFUND]


def test_several_partial_refunds_are_exact():
    """F37: rounding happens once, on the total."""
    state, amounts = PAID, []
    refunds = [a_refund(200, id=f"re_{number}") for number in range(7)]
    for number in range(7):
        state, entries = told(state, *refunds[: number + 1])
        amounts += [amount for kind, amount, _ in entries if kind is Kind.REFUND]
    assert amounts == [-71, -71, -72, -71, -72, -71, -72]
    assert state.account.balance == 0


def test_a_refund_that_fails_gives_credits_and_level_back():
    """F38."""
    refunded, _ = told(PAID, a_refund(1400))
    after, entries = told(refunded, a_refund(1400, "failed"))
    assert entries == [(Kind.REFUND_FAILED, 500, 500), (Kind.ACCESS, 0, 500)]
    assert after.account.access == Span("PRO", NOW + 30 * DAY)
    assert after.account.lots == PAID.account.lots
    _, entries = told(after, a_refund(1400))  # a late success of the same refund is no news
    assert entries == []


def test_the_middle_one_of_three_refunds_fails():
    refunds = [a_refund(400, id=f"re_{number}") for number in range(3)]
    refunded, _ = told(PAID, *refunds)
    assert refunded.account.balance == 72
    after, entries = told(refunded, refunds[0], replace(refunds[1], status="failed"), refunds[2])
    assert entries == [(Kind.REFUND_FAILED, 143, 215)]
    assert after.account.balance == 215


def test_a_dispute_holds_and_a_won_one_restores():
    """F39."""
    held, entries = told(PAID, a_dispute(1400))
    assert entries == [(Kind.DISPUTE, -500, 0), (Kind.ACCESS, 0, 0)]
    review, entries = told(held, a_dispute(1400, "under_review"))
    assert entries == []
    _, entries = told(review, a_dispute(1400, "won"))
    assert entries == [(Kind.DISPUTE_WON, 500, 500), (Kind.ACCESS, 0, 500)]
    _, entries = told(review, a_dispute(1400, "lost"))
    assert entries == []


def test_an_inquiry_moves_nothing_until_it_becomes_a_dispute():
    state, entries = told(PAID, a_dispute(1400, "warning_needs_response"))
    assert entries == []
    _, entries = told(state, a_dispute(1400))
    assert entries == [(Kind.DISPUTE, -500, 0), (Kind.ACCESS, 0, 0)]


def test_a_dispute_in_another_currency_counts_as_full():
    _, entries = told(PAID, a_dispute(1, currency="usd"))
    assert entries == [(Kind.DISPUTE, -500, 0), (Kind.ACCESS, 0, 0)]


def test_a_refund_beside_a_dispute_takes_no_more_than_was_granted():
    """F40."""
    refunded, _ = told(PAID, a_refund(700))
    both, entries = told(refunded, a_refund(700), a_dispute(1400))
    assert entries == [(Kind.DISPUTE, -250, 0), (Kind.ACCESS, 0, 0)]
    assert both.account.lots[0].reversed == 500
    _, entries = told(both, a_refund(700), a_dispute(1400, "won"))
    assert entries == [(Kind.DISPUTE_WON, 250, 250), (Kind.ACCESS, 0, 250)]


def test_a_refund_that_grows_while_a_dispute_holds_everything_is_no_news():
    held, _ = told(PAID, a_dispute(1400))
    after, entries = told(held, a_dispute(1400), a_refund(300))
    assert entries == []
    _, entries = told(after, a_dispute(1400, "won"), a_refund(300))
    assert entries == [(Kind.DISPUTE_WON, 393, 393), (Kind.ACCESS, 0, 393)]


def test_a_refund_that_is_seen_before_its_payment_nets_out():
    """F36."""
    _, entries = told(before(ORDERED), a_refund(700))
    assert entries == [(Kind.PURCHASE, 500, 500), (Kind.REFUND, -250, 250), (Kind.ACCESS, 0, 250)]
    after, entries = told(before(ORDERED), a_refund(1400))
    assert entries == [(Kind.PURCHASE, 500, 500), (Kind.REFUND, -500, 0)]
    assert after.account.access is None  # it never began, so there is nothing to tell
    assert after.account.access_at(POLICY, NOW + DAY) == Span("FREE", None)


def test_a_refund_after_the_credits_were_spent_leaves_a_debt_that_new_credits_cover_first():
    """F41."""
    spent = replace(PAID.account.lots[0], used=400)
    state = replace(PAID, account=replace(PAID.account, lots=(spent,), balance=100))
    debt, entries = told(state, a_refund(1400))
    assert entries[0] == (Kind.REFUND, -500, -400)
    more = an_order(id=OrderId("ord_2"))
    debt = replace(debt, orders={more.id: more})
    session = a_session(more, id=SessionId("cs_2"), payment=a_payment(500, intent=PaymentIntentId("pi_2")))
    after, _ = step(debt, a_truth(session), NOW + DAY)
    assert after.account.balance == 100


def test_a_refund_that_grows_within_one_credit_ends_lot_by_lot_where_it_would_have_at_once():
    order = an_order(a_price("two", 50, credits=2), a_price("three", 50, credits=3))
    paid, _ = step(before(order), truth(order=order, captured=100))
    half = truth(a_refund(50), order=order, captured=100)
    grown, decision = step(step(paid, truth(a_refund(45), order=order, captured=100))[0], half)
    at_once, _ = step(paid, half)
    assert grown.account.lots == at_once.account.lots
    assert (decision.entries, [lot.reversed for lot in grown.account.lots]) == ((), [1, 1])


def test_a_refund_hits_the_lot_of_its_own_purchase_only():
    more = an_order(id=OrderId("ord_2"))
    session = a_session(more, id=SessionId("cs_2"), payment=a_payment(500, intent=PaymentIntentId("pi_2")))
    both, _ = step(replace(PAID, orders={more.id: more}), a_truth(session))
    after, _ = told(both, a_refund(1400))
    assert {lot.purchase: lot.left for lot in after.account.lots} == {SESSION: 0, "cs_2": 500}


ENDING = an_order(CREDITS_90)  # 2000 credits for 1500, for 90 days
END = NOW + 90 * DAY


def test_credits_expire_once_by_any_converge_after_their_end():
    granted, _ = step(before(ENDING), truth(order=ENDING, captured=1500))
    expired, decision = step(granted, a_truth(), END)
    assert [(entry.kind, entry.amount, entry.stripe_object) for entry in decision.entries] == [
        (Kind.EXPIRY, -2000, SESSION)
    ]
    assert decision.purchases == ()
    _, again = step(expired, a_truth(), END + DAY)
    assert (again.changed, again.entries) == (False, ())


@pytest.mark.parametrize("refunded_first", [True, False])
def test_a_debt_outlives_the_credits_that_covered_it(refunded_first):
    """Money rules 16, 17, decision 0028: covering uses nothing, so the end is the same in both orders."""
    spent = replace(PAID.account.lots[0], used=500)
    state = replace(PAID, account=replace(PAID.account, lots=(spent,), balance=0))
    covering = an_order(CREDITS_90, id=OrderId("ord_2"))
    payment = a_payment(1500, intent=PaymentIntentId("pi_2"))
    bought = a_truth(a_session(covering, id=SessionId("cs_2"), payment=payment))
    looks = [(truth(a_refund(1400)), NOW + DAY), (bought, NOW + 2 * DAY), (a_truth(), END)]
    balances = []
    for seen, now in looks if refunded_first else [*looks[1:], (looks[0][0], END)]:
        state, _ = step(replace(state, orders={covering.id: covering}), seen, now)
        balances.append(state.account.balance)
    assert balances == ([-500, 1500, -500] if refunded_first else [2000, 0, -500])


def test_only_what_is_left_expires():
    granted, _ = step(before(ENDING), truth(a_refund(750), order=ENDING, captured=1500))
    _, decision = step(granted, a_truth(), END)
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.EXPIRY, -1000)]


def test_a_refund_after_the_expiry_takes_nothing_twice():
    granted, _ = step(before(ENDING), truth(order=ENDING, captured=1500))
    expired, _ = step(granted, a_truth(), END)
    after, decision = step(expired, truth(a_refund(1500), order=ENDING, captured=1500), END + DAY)
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in decision.entries] == [
        (Kind.REFUND, -2000, -2000),
        (Kind.EXPIRY, 2000, 0),
    ]
    assert (after.account.balance, after.account.lots[0].expired, after.account.lots[0].reversed) == (0, 0, 2000)


@pytest.mark.parametrize(
    "looks",
    [
        [(0, "grant"), (1, "refund"), (90, "expiry"), (91, "failed")],
        [(0, "grant"), (90, "expiry"), (91, "refund"), (92, "failed")],
        [(0, "refund"), (90, "expiry"), (91, "failed")],
        [(0, "grant"), (91, "failed")],
        [(90, "refund"), (91, "failed")],
        [(91, "failed")],
        [(1, "failed"), (2, "refund"), (91, "expiry")],
    ],
)
def test_grant_expiry_refund_and_a_failing_refund_end_the_same(looks):
    """F56."""
    seen = {
        "grant": truth(order=ENDING, captured=1500),
        "refund": truth(a_refund(1000), order=ENDING, captured=1500),
        "failed": truth(a_refund(1000, "failed"), order=ENDING, captured=1500),
        "expiry": a_truth(),
    }
    after = settled(before(ENDING), [(seen[what], NOW + days * DAY) for days, what in looks])
    lot = after.account.lots[0]
    assert (lot.granted, lot.reversed, lot.expired, after.account.balance) == (2000, 0, 2000, 0)


def test_nothing_captured_means_nothing_to_reverse():
    free = a_session(ORDERED, payment=a_payment(0, refunds=(a_refund(0),)))
    _, decision = step(before(ORDERED), a_truth(free))
    assert [entry.kind for entry in decision.entries] == [Kind.PURCHASE, Kind.ACCESS]


def test_the_first_of_two_stacked_levels_is_refunded():
    """F61."""
    first, second = an_order(PRO_30), an_order(PRO_30, id=OrderId("ord_2"))
    late = a_session(
        second, id=SessionId("cs_2"), payment=a_payment(900, paid_at=NOW + DAY, intent=PaymentIntentId("pi_2"))
    )
    both, _ = step(before(first, second), a_truth(a_session(first), late), NOW + DAY)
    refunded = a_session(first, payment=a_payment(900, refunds=(a_refund(900, at=NOW + 10 * DAY),)))
    after, decision = step(both, a_truth(refunded), NOW + 10 * DAY)
    assert after.account.access == Span("PRO", NOW + 40 * DAY)
    assert [(entry.kind, entry.stripe_object, entry.reason) for entry in decision.entries] == [
        (Kind.ACCESS, SESSION, "PRO until 2027-01-20T10:00:00Z to PRO until 2026-12-31T10:00:00Z")
    ]


def test_an_invoice_of_a_customer_that_is_gone_is_still_taken_back():
    """F44: whose it was the account remembers, and deleting a customer refunds nothing and forgives nothing."""
    paid, _ = step(before(), a_truth(a_subscription(), an_invoice()))
    gone, _ = step(paid, a_truth(deleted_customers=frozenset({CUSTOMER})))
    refunded = an_invoice(payment=a_payment(1200, refunds=(a_refund(1200),)))
    after, decision = step(gone, a_truth(refunded))
    assert (paid.account.balance, after.account.balance, decision.refused) == (100, 0, {})
