"""The arithmetic of prorations, by itself."""

from decimal import Decimal

import pytest

from local.stripe.engine.subscriptions.proration import Debit, after_credit, credits_from, share


@pytest.mark.parametrize(
    ("amount", "part", "whole", "rounded"),
    [(1000, 20, 30, 667), (1000, 10, 30, 333), (1, 1, 2, 1), (5, 1, 10, 1), (Decimal("0.5"), 1, 1, 1), (0, 1, 2, 0)],
)
def test_a_share_is_rounded_once_half_up(amount, part, whole, rounded):
    assert share(amount, part, whole) == rounded
    assert share(-amount, part, whole) == -rounded


def test_each_debit_is_credited_by_itself_and_only_once():
    """10.00 for 0 to 100, then 2.00 more for 50 to 100."""
    debits = [Debit(200, 50, 100, "price_b", 1), Debit(1000, 0, 100, "price_a", 1)]
    taken = credits_from(debits, 75)
    assert [(each.debit.price, each.amount, each.start, each.end) for each in taken] == [
        ("price_a", -250, 75, 100),
        ("price_b", -100, 75, 100),
    ]
    left = after_credit(debits, 75)
    assert credits_from(left, 75) == []
    assert [(each.amount, each.start, each.end) for each in credits_from(left, 60)] == [(-150, 60, 75), (-60, 60, 75)]


def test_a_debit_that_begins_later_is_credited_whole():
    debits = [Debit(200, 50, 100, "price_b", 1)]
    assert [(each.amount, each.start) for each in credits_from(debits, 10)] == [(-200, 50)]
    assert after_credit(debits, 10) == []
