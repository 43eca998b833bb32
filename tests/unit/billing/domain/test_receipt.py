"""The same key for something else is noticed by what was asked (money rule 20)."""

from billing.domain.receipt import fingerprint_of
from tests.fakes.snapshots import NOW


def test_the_order_in_which_it_was_written_down_says_nothing():
    assert fingerprint_of("spend", {"amount": 1, "at": NOW}) == fingerprint_of("spend", {"at": NOW, "amount": 1})


def test_another_amount_another_type_and_another_operation_are_something_else():
    asked = fingerprint_of("spend", {"amount": 1, "reason": None})
    assert asked not in {
        fingerprint_of("spend", {"amount": 2, "reason": None}),
        fingerprint_of("spend", {"amount": "1", "reason": None}),
        fingerprint_of("spend", {"amount": 1}),
        fingerprint_of("reserve", {"amount": 1, "reason": None}),
    }
