"""Which e-mail address of a token is used: one that is verified, and that Stripe makes a customer with."""

import pytest

from billing.http import caller
from tests.fakes.lambda_events import http_event


def email_of(email: object) -> str | None:
    return caller.caller(http_event(claims={"sub": "alice", "email": email})).email


@pytest.mark.parametrize("verified", ["false", "", None, False, "True ", "yes", 1.5, []])
def test_an_email_that_is_not_verified_is_not_used(verified: object) -> None:
    claims = {"sub": "alice", "email": "alice@example.com", "email_verified": verified}
    assert caller.caller(http_event(claims=claims)).usable_email is None


def test_nor_is_one_of_which_nothing_says_so() -> None:
    """Not every issuer has that claim: whoever typed another's address would take his customer over."""
    assert caller.caller(http_event(claims={"sub": "alice", "email": "alice@example.com"})).usable_email is None


@pytest.mark.parametrize("email", [None, "", "x", 5, "a" * 65 + "@example.com", ["a@b.c"]])
def test_an_email_that_is_none(email: object) -> None:
    assert email_of(email) is None


@pytest.mark.parametrize("domain", ["example", ".com", "example.", "example..com", "exam ple.com", "b@c.com", ""])
def test_a_domain_that_stripe_would_refuse(domain: str) -> None:
    """It would be frozen in the account, and refused with every checkout of this user."""
    assert email_of(f"ada@{domain}") is None


@pytest.mark.parametrize("name", [" ada@", "ada b@", "\tada@", "ada＠", "@", ""])
def test_a_name_that_stripe_would_refuse(name: str) -> None:
    assert email_of(f"{name}example.com") is None


@pytest.mark.parametrize("end", [" ", "\n", "\u00a0"])
def test_an_email_with_a_space_behind_it_is_none(end: str) -> None:
    assert email_of(f"ada@example.com{end}") is None


@pytest.mark.parametrize("email", ["a@b.c", "ada.l+shop@mail.example.co.uk", "ada@bücher.example", "o'ada@example.com"])
def test_an_email_is_taken_as_it_is(email: str) -> None:
    assert email_of(email) == email


@pytest.mark.parametrize(("length", "taken"), [(5, True), (320, True), (321, False)])
def test_an_email_is_as_long_as_one_can_be(length: int, taken: bool) -> None:
    email = f"a@{'b' * (length - 4)}.c"
    assert email_of(email) == (email if taken else None)
