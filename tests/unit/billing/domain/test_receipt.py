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


def test_a_retry_after_a_deployment_has_the_fingerprint_that_is_stored():
    """It is kept for thirty days: another way to write it down would refuse every retry of what was done before."""
    asked = fingerprint_of("spend", {"amount": 5, "reason": "a picture", "reference": None})
    assert asked == "bc0be67fa6bfd1d39a1ae0ecc425ce3fc176396f512c6c4d0f76c687b3f4d947"
