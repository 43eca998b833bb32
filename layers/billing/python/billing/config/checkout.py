"""Settings of create_checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config.converge import ConvergeSettings, converge_of
from billing.config.environment import Environment
from billing.domain.terms import LOCALES, SellingPolicy


@dataclass(frozen=True, slots=True)
class CheckoutSettings:
    """Of the function that makes checkout sessions."""

    converge: ConvergeSettings
    api_url: str
    """Where the public redirect `GET /checkout/success` is; empty: the buyer returns to the app directly."""
    selling: SellingPolicy


def checkout_settings(environ: Mapping[str, str] | None = None) -> CheckoutSettings:
    """Settings of create_checkout; raises Misconfigured."""
    env = Environment(environ)
    return CheckoutSettings(
        converge=converge_of(env),
        api_url=env.origin("API_URL", default=""),
        selling=SellingPolicy(
            max_quantity=env.whole("MAX_QUANTITY", low=1, high=999_999),
            promotion_codes=env.flag("PROMOTION_CODES"),
            automatic_tax=env.flag("AUTOMATIC_TAX"),
            trial_days=env.whole("TRIAL_DAYS", low=0, high=730),
            trial_without_card=env.flag("TRIAL_WITHOUT_CARD"),
            billing_address=env.one_of("BILLING_ADDRESS", "auto", "required"),
            receipts=env.flag("RECEIPTS"),
            invoices=env.flag("INVOICES"),
            locale=env.one_of("CHECKOUT_LOCALE", *LOCALES),
            checkouts_an_hour=env.whole("CHECKOUTS_AN_HOUR", low=0, high=1_000_000),
            adopt_customers=env.flag("ADOPT_CUSTOMERS"),
        ),
    )
