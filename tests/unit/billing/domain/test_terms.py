"""How an order is sold: by the owner's settings, and by what the request may choose of them."""

import re
from pathlib import Path
from typing import get_args

import pytest
import stripe

from billing.api_models.checkout import Locale
from billing.domain.terms import EMBEDDED, HOSTED, LOCALES, SellingPolicy, Terms, terms_of

EVERYTHING = SellingPolicy(
    promotion_codes=True,
    automatic_tax=True,
    trial_days=14,
    trial_without_card=True,
    billing_address="required",
    receipts=True,
    invoices=True,
    locale="de",
)


def test_nothing_that_costs_or_waives_money_is_on_by_itself():
    for mode in ("payment", "subscription"):
        assert terms_of(SellingPolicy(), mode, HOSTED, None, "alice@example.com") == Terms()


def test_a_payment_gets_the_terms_that_the_settings_allow():
    assert terms_of(EVERYTHING, "payment", HOSTED, None, "alice@example.com") == Terms(
        locale="de",
        promotion_codes=True,
        automatic_tax=True,
        billing_address="required",
        receipt=True,
        invoice=True,
    )


def test_a_subscription_has_its_own_invoices_and_maybe_a_trial():
    terms = terms_of(EVERYTHING, "subscription", EMBEDDED, "fr", "alice@example.com")
    assert terms == Terms(
        ui_mode=EMBEDDED,
        locale="fr",
        promotion_codes=True,
        automatic_tax=True,
        trial_days=14,
        trial_without_card=True,
        billing_address="required",
    )
    assert (terms.without_trial().trial_days, terms.without_trial().trial_without_card) == (0, False)


def test_without_a_verified_address_there_is_no_receipt():
    assert not terms_of(EVERYTHING, "payment", HOSTED, None, None).receipt


def test_a_trial_of_a_day_may_be_without_a_card():
    policy = SellingPolicy(trial_days=1, trial_without_card=True)
    terms = terms_of(policy, "subscription", HOSTED, None, None)
    assert (terms.trial_days, terms.trial_without_card) == (1, True)


def test_without_a_trial_the_card_is_asked_for():
    assert not terms_of(SellingPolicy(trial_without_card=True), "subscription", HOSTED, None, None).trial_without_card


@pytest.mark.parametrize("known", [LOCALES, get_args(Locale)], ids=["settings", "requests"])
def test_the_languages_are_those_of_the_sdk(known):
    text = (Path(stripe.__file__).parent / "params/checkout/_session_create_params.py").read_text()
    (listed,) = re.findall(r"    locale: NotRequired\[\s*\"Literal\[(.*?)\]", text)
    assert list(known) == re.findall(r"'([^']+)'", listed)
