"""Subscriptions: their invoice lines grant credits, their status gives access, and nothing grants twice."""

from dataclasses import replace

import pytest

from billing.domain.credits import Lot
from billing.domain.ids import CustomerId, InvoiceId, OrderId, PurchaseKey, SubscriptionId
from billing.domain.judge import prices_named
from billing.domain.ledger import Kind
from billing.domain.order import OrderLine
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.subscription import Span
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CREDITS,
    CREDITS_90,
    CUSTOMER,
    DAY,
    INVOICE,
    NOW,
    ORDER,
    PRICES,
    PRO_MONTHLY,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_line,
    a_payment,
    a_price,
    a_refund,
    a_session,
    a_subscription,
    a_truth,
    an_invoice,
    an_order,
    before,
    step,
    unpaid,
)

LINE = PurchaseKey("in_1#il_1")
PLAN_ORDER = an_order(PRO_MONTHLY)


def renewal(**given):
    line = a_line(period_end=NOW + 60 * DAY, **given)
    return an_invoice(line, id=InvoiceId("in_2"), billing_reason="subscription_cycle", paid_at=NOW + 30 * DAY)


def test_a_subscription_starts_with_the_credits_of_its_invoice_line_and_its_level():
    """F54: session, invoice and subscription in one look grant once."""
    subscription = a_subscription(order=ORDER)
    session = a_session(PLAN_ORDER, payment_status="no_payment_required", payment=None)
    after, decision = step(before(PLAN_ORDER), a_truth(session, subscription, an_invoice()))
    assert after.account.lots == (Lot(LINE, 0, 100, NOW),)
    assert after.account.access == Span("PRO", None)
    assert [(entry.kind, entry.amount, entry.stripe_object, entry.reason) for entry in decision.entries] == [
        (Kind.PURCHASE, 100, INVOICE, "1 x pro_monthly"),
        (Kind.ACCESS, 0, SUBSCRIPTION, "FREE to PRO"),
    ]
    assert (after.purchases[LINE].order, after.purchases[LINE].mode) == (ORDER, "invoice")
    assert after.account.subscriptions[0].paid_through == NOW + 30 * DAY


def test_seen_again_it_grants_nothing_more():
    truth = a_truth(a_subscription(), an_invoice())
    once, _ = step(before(), truth)
    _, again = step(once, truth)
    assert (again.changed, again.entries) == (False, ())


def test_the_first_invoice_grants_what_was_ordered_and_a_renewal_what_the_catalog_says():
    cheaper = {**PRICES, PRO_MONTHLY.id: a_price("pro_monthly", 1200, "month", credits=40, level="PRO")}
    subscription = a_subscription(order=ORDER)
    started, _ = step(before(PLAN_ORDER), a_truth(subscription, an_invoice(), prices=cheaper))
    assert started.account.balance == 100
    renewed, decision = step(started, a_truth(subscription, renewal(), prices=cheaper), NOW + 30 * DAY)
    assert renewed.account.balance == 140
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.RENEWAL, 40)]
    assert renewed.account.lots[1] == Lot(PurchaseKey("in_2#il_1"), 0, 40, NOW + 30 * DAY)
    assert renewed.purchases[PurchaseKey("in_2#il_1")].order is None


def test_the_first_invoice_of_a_subscription_that_is_in_no_list_any_more_grants_what_was_ordered():
    """F44: the customer was deleted, and the catalog edited, before anybody looked."""
    cheaper = {**PRICES, PRO_MONTHLY.id: a_price("pro_monthly", 1200, "month", credits=40, level="PRO")}
    after, _ = step(before(PLAN_ORDER), a_truth(an_invoice(order=ORDER), prices=cheaper))
    assert (after.account.balance, after.purchases[LINE].order) == (100, ORDER)
    ended = a_subscription(status="canceled", order=ORDER)
    after, _ = step(before(PLAN_ORDER), a_truth(ended, an_invoice(), prices=cheaper))
    assert (after.account.balance, after.purchases[LINE].order) == (100, ORDER)


def test_the_first_invoice_grants_by_the_order_of_its_time_whatever_its_subscription_names_by_now():
    other = an_order(a_price("pro_monthly", 1200, "month", credits=9000), id=OrderId("ord_2"))
    truth = a_truth(a_subscription(order=other.id), an_invoice(order=ORDER))
    after, _ = step(before(PLAN_ORDER, other), truth)
    assert (after.account.balance, after.purchases[LINE].order) == (100, ORDER)


@pytest.mark.parametrize("ordered", [1, 5])
def test_the_quantity_that_was_invoiced_counts(ordered):
    order = an_order(PRO_MONTHLY, quantity=ordered)
    after, _ = step(before(order), a_truth(a_subscription(order=ORDER), an_invoice(a_line(quantity=3))))
    assert after.account.balance == 300


def test_a_line_keeps_its_own_amount_and_the_currency_and_time_of_its_invoice():
    invoice = an_invoice(a_line(), a_line(id="il_2", amount=700), currency="usd")
    after, _ = step(before(PLAN_ORDER), a_truth(a_subscription(order=ORDER), invoice))
    kept = [(sold.amount_total, sold.currency, sold.created_at) for _, sold in sorted(after.purchases.items())]
    assert kept == [(1200, "usd", NOW), (700, "usd", NOW)]


def test_a_renewal_grants_also_when_its_price_is_sold_no_more():
    archived = {PRO_MONTHLY.id: replace(PRO_MONTHLY, active=False)}
    after, _ = step(before(), a_truth(a_subscription(), renewal(), prices=archived))
    assert (after.account.balance, after.account.access) == (100, Span("PRO", None))


def test_without_an_order_of_ours_the_catalog_speaks():
    after, decision = step(before(), a_truth(a_subscription(), an_invoice()))
    assert after.account.balance == 100
    assert decision.purchases == (
        Purchase(
            key=LINE,
            user=ALICE,
            order=None,
            mode="invoice",
            currency="eur",
            lines=(OrderLine(PRO_MONTHLY.id, "pro_monthly", 1, 1200, PRO_MONTHLY.gives),),
            created_at=NOW,
            state=PurchaseState.PAID,
            amount_total=1200,
            paid_at=NOW,
            payment=an_invoice().payment,
        ),
    )


def test_an_order_of_somebody_else_does_not_speak():
    forged = an_order(a_price("pro_monthly", 1200, "month", credits=9000), user=BOB)
    after, _ = step(before(forged), a_truth(a_subscription(order=ORDER), an_invoice()))
    assert (after.account.balance, after.purchases[LINE].order) == (100, None)


def test_a_price_that_the_order_does_not_have_is_looked_up_in_the_catalog():
    extra = a_price("extra", 300, "month", credits=7)
    invoice = an_invoice(a_line(), a_line(extra, id="il_2"))
    truth = a_truth(a_subscription(order=ORDER), invoice, prices={**PRICES, extra.id: extra})
    after, decision = step(before(PLAN_ORDER), truth)
    assert [(lot.purchase, lot.granted) for lot in after.account.lots] == [("in_1#il_1", 100), ("in_1#il_2", 7)]
    assert [entry.amount for entry in decision.entries] == [100, 7, 0]


@pytest.mark.parametrize(
    "invoice",
    [
        an_invoice(a_line(amount=0)),  # a trial's
        an_invoice(a_line(proration=True)),
        an_invoice(a_line(of_subscription=False)),
        an_invoice(a_line(price_id=None)),
        an_invoice(billing_reason="subscription_update"),  # a plan that is toggled
        an_invoice(billing_reason="manual"),
        an_invoice(billing_reason="subscription_threshold"),  # metered usage before its period is over
        an_invoice(status="open"),
        an_invoice(status="void"),
        an_invoice(subscription=None),
        an_invoice(paid_at=None),
    ],
)
@pytest.mark.parametrize("order", [None, ORDER])
def test_an_invoice_that_is_not_of_a_paid_period_grants_no_credits(invoice, order):
    """F54: one grant, or none."""
    after, decision = step(before(PLAN_ORDER), a_truth(a_subscription(order=order), invoice))
    assert (after.account.lots, after.account.balance, decision.purchases) == ((), 0, ())
    assert [entry.kind for entry in decision.entries] == [Kind.ACCESS]


def test_a_plan_without_credits_is_kept_as_sold_and_a_later_edit_of_its_price_grants_nothing_for_it():
    """Decision 0043: what was seen paid keeps what it gave, also where it gave nothing."""
    truth = a_truth(a_subscription(TEAM_YEARLY), an_invoice(a_line(TEAM_YEARLY)))
    after, decision = step(before(), truth)
    assert [(sold.key, sold.credits_granted, sold.amount_total) for sold in decision.purchases] == [(LINE, 0, 29000)]
    assert [entry.kind for entry in decision.entries] == [Kind.ACCESS]
    edited = a_price("team_yearly", 29000, "year", credits=500, level="TEAM")
    later, again = step(after, replace(truth, prices={**PRICES, edited.id: edited}))
    assert (later.account.lots, later.account.balance, again.entries) == ((), 0, ())


@pytest.mark.parametrize(
    "price",
    [
        a_price("pro_monthly", 1200, "month", credits=100, problem="credits_amount must be a whole number"),
        a_price("pro_monthly", None, "month", credits=100, barred="metered"),  # its quantity is what was used
        None,
    ],
)
def test_a_price_that_tells_no_credits_grants_none(price):
    after, _ = step(before(), a_truth(a_subscription(), an_invoice(), prices={price.id: price} if price else {}))
    assert after.account.balance == 0


def test_a_plan_that_costs_nothing_grants_its_credits():
    free = a_price("free_plan", 0, "month", credits=5)
    after, _ = step(before(), a_truth(a_subscription(free), an_invoice(a_line(free)), prices={free.id: free}))
    assert after.account.balance == 5


def test_a_plan_that_cost_nothing_when_it_was_ordered_grants_its_credits_also_when_its_price_is_gone():
    free = a_price("free_plan", 0, "month", credits=5)
    truth = a_truth(a_subscription(free, order=ORDER), an_invoice(a_line(free)), prices={})
    after, _ = step(before(an_order(free)), truth)
    assert after.account.balance == 5


def test_a_trial_is_told_by_what_was_ordered_not_by_the_price_in_its_own_currency():
    """Free in one currency of its options, a price may cost something in the one that was chosen."""
    free = {**PRICES, PRO_MONTHLY.id: replace(PRO_MONTHLY, unit_amount=0)}
    trial = a_subscription(status="trialing", trial_end=NOW + 7 * DAY, order=ORDER)
    after, _ = step(before(PLAN_ORDER), a_truth(trial, an_invoice(a_line(amount=0)), prices=free))
    assert after.account.balance == 0


def test_the_first_payment_after_a_trial_is_a_renewal():
    trial = a_subscription(status="trialing", trial_end=NOW + 7 * DAY, order=ORDER)
    started, decision = step(before(PLAN_ORDER), a_truth(trial, an_invoice(a_line(amount=0, period_end=NOW + 7 * DAY))))
    assert (started.account.balance, started.account.access) == (0, Span("PRO", NOW + 7 * DAY))
    assert decision.entries[0].reason == "FREE to PRO until 2026-11-28T10:00:00Z"
    paid, decision = step(started, a_truth(a_subscription(order=ORDER), renewal()), NOW + 7 * DAY)
    assert (paid.account.balance, paid.account.access) == (100, Span("PRO", None))
    assert [entry.kind for entry in decision.entries] == [Kind.RENEWAL, Kind.ACCESS]


def test_a_renewal_that_is_not_paid_gives_no_free_period():
    """F55."""
    paid, _ = step(before(), a_truth(a_subscription(), an_invoice()))
    due = NOW + 30 * DAY
    late = a_subscription(status="past_due", items=(replace(a_subscription().items[0], period_end=NOW + 60 * DAY),))
    unpaid_renewal = replace(renewal(), status="open", paid_at=None)
    grace, decision = step(paid, a_truth(late, unpaid_renewal), due)
    assert grace.account.access == Span("PRO", NOW + 33 * DAY)
    assert grace.account.balance == 100
    assert decision.entries[0].reason == "PRO to PRO until 2026-12-24T10:00:00Z"
    over, decision = step(grace, a_truth(late, unpaid_renewal), NOW + 33 * DAY)
    assert over.account.access == Span("FREE", None)
    assert [(entry.kind, entry.reason) for entry in decision.entries] == [
        (Kind.ACCESS, "PRO until 2026-12-24T10:00:00Z to FREE")
    ]


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_a_subscription_that_has_ended_is_forgotten_and_its_credits_stay(status):
    running, _ = step(before(), a_truth(a_subscription(), an_invoice()))
    ended, decision = step(running, a_truth(a_subscription(status=status), an_invoice()))
    assert (ended.account.subscriptions, ended.account.access) == ((), Span("FREE", None))
    assert ended.account.balance == 100
    assert [(entry.kind, entry.stripe_object) for entry in decision.entries] == [(Kind.ACCESS, None)]


def test_two_live_subscriptions_are_both_kept_in_the_order_of_their_ids():
    second = a_subscription(TEAM_YEARLY, id=SubscriptionId("sub_0"))
    after, _ = step(before(), a_truth(a_subscription(), second))
    assert [state.id for state in after.account.subscriptions] == ["sub_0", "sub_1"]
    assert after.account.access == Span("TEAM", None)


def test_a_refund_of_an_invoice_takes_back_from_each_of_its_lines():
    extra = a_price("extra", 300, "month", credits=7)
    prices = {**PRICES, extra.id: extra}
    invoice = an_invoice(a_line(), a_line(extra, id="il_2"))
    running, _ = step(before(), a_truth(a_subscription(), invoice, prices=prices))
    assert invoice.payment is not None
    half = replace(invoice.payment, disputes=(), refunds=(a_refund(750),))
    after, decision = step(running, a_truth(a_subscription(), replace(invoice, payment=half), prices=prices))
    assert [(lot.purchase, lot.left) for lot in after.account.lots] == [("in_1#il_1", 50), ("in_1#il_2", 4)]
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.REFUND, -50), (Kind.REFUND, -3)]
    _, seen_without = step(after, a_truth(a_subscription(), invoice, prices=prices))
    assert not seen_without.changed  # a look without registers forgets no refund


def test_a_refund_of_a_late_invoice_still_counts_when_its_subscription_has_ended():
    running, _ = step(before(), a_truth(a_subscription(), an_invoice()))
    refunded = an_invoice(payment=a_payment(1200, refunds=(a_refund(1200),)))
    after, _ = step(running, a_truth(refunded))
    assert (after.account.balance, after.account.subscriptions) == (0, ())


def test_the_prices_that_a_decision_needs():
    lines = [a_line(CREDITS), a_line(price_id=None), a_line(TEAM_YEARLY)]
    assert prices_named(a_truth(a_subscription(), an_invoice(*lines))) == {PRO_MONTHLY.id, CREDITS.id, TEAM_YEARLY.id}
    bought = a_session(an_order(CREDITS_90))
    assert prices_named(a_truth(bought)) == {CREDITS_90.id}
    assert prices_named(a_truth(unpaid(bought))) == frozenset()


def test_the_customer_of_the_subscription_is_remembered():
    after, _ = step(before(), a_truth(a_subscription()))
    assert after.account.subscriptions[0].customer == CUSTOMER


def test_an_invoice_of_a_customer_of_somebody_else_grants_nothing():
    truth = a_truth(an_invoice(a_line(), customer=CustomerId("cus_of_bob")))
    _, decision = step(before(), truth)
    assert (decision.refused, decision.changed, decision.entries) == ({INVOICE: "another owner"}, False, ())


def test_an_invoice_of_somebody_else_takes_nothing_from_what_is_seen_beside_it():
    order = an_order()
    theirs = an_invoice(a_line(), customer=CustomerId("cus_of_bob"))
    after, decision = step(before(order), a_truth(a_session(order), theirs, renewal()))
    assert (decision.refused, after.account.balance) == ({INVOICE: "another owner"}, 500 + 100)


def test_an_adopted_customers_years_of_invoices_are_granted_a_transaction_at_a_time():
    """Money rule 5: what does not fit is left for the next look, which the decision says is wanted."""
    invoices = [
        an_invoice(*[a_line(id=f"il_{number}_{line}") for line in range(2)], id=InvoiceId(f"in_{number}"))
        for number in range(10, 19)
    ]
    truth = a_truth(a_subscription(), *invoices)
    first, decision = step(before(), truth)
    assert (decision.more, first.account.balance) == (True, 14 * 100)
    second, rest = step(first, truth)
    assert (rest.more, second.account.balance) == (False, 18 * 100)
    assert {entry.stripe_object for entry in decision.entries}.isdisjoint(
        entry.stripe_object for entry in rest.entries if entry.amount
    )


def test_invoices_that_grant_no_credits_are_too_many_as_well():
    invoices = [an_invoice(a_line(TEAM_YEARLY), id=InvoiceId(f"in_{number}")) for number in range(10, 26)]
    _, decision = step(before(), a_truth(a_subscription(TEAM_YEARLY), *invoices))
    assert (decision.more, len(decision.purchases)) == (True, 15)


def test_a_refund_does_not_wait_for_what_is_left_for_the_next_look():
    last = an_invoice(id=InvoiceId("in_99"))
    known, _ = step(before(), a_truth(a_subscription(), last))
    refunded = replace(last, payment=a_payment(1200, refunds=(a_refund(1200),)))
    many = [an_invoice(*[a_line(id=f"il_{n}") for n in range(9)], id=InvoiceId(f"in_{number}")) for number in (10, 11)]
    after, decision = step(known, a_truth(a_subscription(), *many, refunded))
    assert (decision.more, after.account.balance) == (True, 9 * 100)


def test_an_invoice_too_large_for_one_transaction_is_granted_in_parts():
    truth = a_truth(a_subscription(), an_invoice(*[a_line(id=f"il_{number:02}") for number in range(20)]))
    first, decision = step(before(), truth)
    assert (decision.more, first.account.balance, step(first, truth)[0].account.balance) == (True, 1500, 2000)
