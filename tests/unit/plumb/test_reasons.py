"""Errors that may be met are told in a sentence; a bug is not."""

import pytest

from billing.errors import StripeUnavailable
from plumb.reasons import ExpectedErrors


def test_an_error_that_may_be_met_is_told_and_what_follows_the_block_is_done() -> None:
    told: list[str] = []
    with ExpectedErrors(told.append):
        raise StripeUnavailable("Stripe did not answer as it should", status=500)
    assert told == ["Stripe did not answer as it should (status 500)."]


@pytest.mark.parametrize("bug", [KeyError("kept"), KeyboardInterrupt()], ids=["a bug", "a person who stops it"])
def test_any_other_is_raised_and_not_told(bug: BaseException) -> None:
    told: list[str] = []
    with pytest.raises(type(bug)), ExpectedErrors(told.append):
        raise bug
    assert told == []
