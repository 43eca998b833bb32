"""The environment of each function, whole, and what its settings are read by."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping

import pytest

from billing.config.account import account_settings
from billing.config.catch_up import catch_up_settings
from billing.config.checkout import checkout_settings
from billing.config.consumer import consumer_settings
from billing.config.converge import success_settings
from billing.config.credits import credits_settings
from billing.config.subscriptions import subscription_settings
from billing.config.webhook import webhook_settings
from billing.errors import Misconfigured

SHARED = {"STAGE": "dev", "STRIPE_MODE": "test", "UPSTASH_SECRET": "plumbline/upstash", "REDIS_EPOCH": "3"}
CONVERGE = SHARED | {
    "STRIPE_API_BASE": "https://api.stripe.com",
    "STRIPE_API_KEY_SECRET": "plumbline/stripe-api-key",
    "EVENTS_TABLE": "plumbline-dev-test-events",
    "ACCOUNTS_TABLE": "plumbline-dev-test-accounts",
    "LEDGER_TABLE": "plumbline-dev-test-ledger",
    "LEVELS": "FREE,PRO,TEAM",
    "PAST_DUE_GRACE_DAYS": "7",
    "TRIAL_CREDITS": "false",
    "APP_URL": "https://app.example.com",
}
SELLING = {
    "MAX_QUANTITY": "100",
    "PROMOTION_CODES": "true",
    "AUTOMATIC_TAX": "true",
    "TRIAL_DAYS": "14",
    "TRIAL_WITHOUT_CARD": "true",
    "BILLING_ADDRESS": "required",
    "RECEIPTS": "true",
    "INVOICES": "true",
    "CHECKOUT_LOCALE": "de",
    "CHECKOUTS_AN_HOUR": "60",
    "ADOPT_CUSTOMERS": "true",
}
QUEUE = {"EVENTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/events"}
NOT_LISTS = {"UPSTASH_SECRET", "REDIS_EPOCH", "PAST_DUE_GRACE_DAYS", "APP_URL"}
NOT_CREDITS = {"STRIPE_API_BASE", "STRIPE_API_KEY_SECRET", "APP_URL"}
WHOLE: dict[str, tuple[Callable[[Mapping[str, str]], object], dict[str, str]]] = {
    "webhook": (webhook_settings, SHARED | QUEUE | {"STRIPE_WEBHOOK_SECRET": "plumbline/stripe-webhook"}),
    "create_checkout": (checkout_settings, CONVERGE | SELLING),
    "success_sync": (success_settings, CONVERGE),
    "subscriptions": (subscription_settings, CONVERGE | {"MAX_QUANTITY": "100", "ADOPT_CUSTOMERS": "false"}),
    "event_consumer": (consumer_settings, CONVERGE | QUEUE | {"UNKNOWN_CUSTOMERS": "park"}),
    "account": (account_settings, {name: value for name, value in CONVERGE.items() if name != "APP_URL"}),
    "catch_up": (catch_up_settings, {name: CONVERGE[name] for name in CONVERGE if name not in NOT_LISTS} | QUEUE),
    "credits": (credits_settings, {name: CONVERGE[name] for name in CONVERGE if name not in NOT_CREDITS}),
}
EACH = [
    pytest.param(read, given, name, id=f"{function}-{name}")
    for function, (read, given) in WHOLE.items()
    for name in given
]
Read = Callable[[Mapping[str, str]], object]


def refusal(read: Read, given: Mapping[str, str]) -> Misconfigured:
    with pytest.raises(Misconfigured) as raised:
        read(given)
    return raised.value


def shown(error: Misconfigured) -> str:
    return "".join(traceback.format_exception(error)) + repr(error.ids)


def checkout(name: str, value: str) -> tuple[Read, dict[str, str]]:
    read, given = WHOLE["create_checkout"]
    return read, given | {name: value}
