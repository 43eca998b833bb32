"""A trial that ends before its time: the period that is paid then is the first one (decision 0060)."""

from datetime import timedelta

import pytest

from billing.domain.ledger import Kind
from tests.fakes.snapshots import DAY, NOW, a_line, a_subscription, a_truth, an_invoice, before, step

LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "line", "granted"),
    [
        ("active", a_line(period_start=NOW), 100),
        ("canceled", a_line(period_start=NOW), 100),
        ("active", a_line(period_start=LATER), 0),  # a period that a later change began
        ("active", a_line(period_start=NOW, proration=True), 0),
        ("active", a_line(period_start=NOW, of_subscription=False), 0),
        ("active", a_line(period_start=NOW, amount=0), 0),
    ],
)
def test_the_change_that_ends_a_trial_grants_its_first_paid_period(status, line, granted):
    subscription = a_subscription(status=status, trial_end=NOW)
    invoice = an_invoice(line, billing_reason="subscription_update")
    after, decision = step(before(), a_truth(subscription, invoice))
    assert after.account.balance == granted
    assert [entry.amount for entry in decision.entries if entry.kind is Kind.RENEWAL] == [granted] * (granted > 0)
    again, second = step(after, a_truth(subscription, invoice))
    assert (again.account.balance, second.entries) == (granted, ())


@pytest.mark.parametrize(("trial_end", "granted"), [(NOW, 100), (LATER, 0), (None, 0)])
def test_a_subscription_that_is_in_no_list_any_more_ended_its_trial_as_the_invoice_tells(trial_end, granted):
    """F44: the customer was deleted while the payment was pending, and by then the subscription had ended."""
    paid = an_invoice(a_line(period_start=NOW), billing_reason="subscription_update", trial_end=trial_end)
    assert step(before(), a_truth(paid))[0].account.balance == granted


@pytest.mark.parametrize("reason", ["subscription_threshold", "manual"])
def test_no_other_invoice_of_that_moment_grants(reason):
    invoice = an_invoice(a_line(period_start=NOW), billing_reason=reason)
    assert step(before(), a_truth(a_subscription(trial_end=NOW), invoice))[0].account.lots == ()


@pytest.mark.parametrize("given", [{"trial_end": None}, {"trial_end": NOW - DAY}])
def test_a_change_of_a_plan_that_is_paid_for_grants_nothing(given):
    """F54: also where it begins a period anew (decision 0024)."""
    invoice = an_invoice(a_line(period_start=NOW), billing_reason="subscription_update")
    after, _ = step(before(), a_truth(a_subscription(**given), invoice))
    assert after.account.lots == ()
