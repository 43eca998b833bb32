"""The values that a setting may have: how little, how much, and what is an address."""

from __future__ import annotations

import pytest

from billing.config.checkout import checkout_settings
from billing.config.subscriptions import subscription_settings
from tests.unit.billing.config.environments import CONVERGE, SELLING, WHOLE, checkout, refusal, shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "Dev"),
        ("STAGE", "dev:x"),
        ("STAGE", "d" * 22),
        ("STRIPE_MODE", "sandbox"),
        ("REDIS_EPOCH", "0"),
        ("REDIS_EPOCH", "-1"),
        ("REDIS_EPOCH", "1.5"),
        ("REDIS_EPOCH", "٣"),
        ("REDIS_EPOCH", "9" * 5000),
        ("EVENTS_TABLE", "a"),
        ("EVENTS_TABLE", "table name"),
        ("LEVELS", "free,pro"),
        ("LEVELS", "FREE,,PRO"),
        ("LEVELS", "FREE, PRO"),
        ("LEVELS", "FREE,PRO,FREE"),
        ("PAST_DUE_GRACE_DAYS", "91"),
        ("PROMOTION_CODES", "yes"),
        ("TRIAL_DAYS", "731"),
        ("BILLING_ADDRESS", "never"),
        ("CHECKOUT_LOCALE", "klingon"),
        ("MAX_QUANTITY", "0"),
        ("MAX_QUANTITY", "1000000"),
        ("CHECKOUTS_AN_HOUR", "-1"),
        ("CHECKOUTS_AN_HOUR", "1000001"),
    ],
)
def test_a_value_out_of_bounds_is_refused(name: str, value: str) -> None:
    assert refusal(*checkout(name, value)).ids == {"setting": name}


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [
        ("event_consumer", "UNKNOWN_CUSTOMERS", "drop"),
        ("subscriptions", "PORTAL_CONFIGURATION", "default"),
        ("subscriptions", "MAX_QUANTITY", "0"),
        ("subscriptions", "MAX_QUANTITY", "1000000"),
    ],
)
def test_so_is_one_of_another_function(function: str, name: str, value: str) -> None:
    read, given = WHOLE[function]
    assert refusal(read, given | {name: value}).ids == {"setting": name}


@pytest.mark.parametrize("most", [1, 999_999])
def test_subscriptions_take_the_bounds_that_checkouts_take(most: int) -> None:
    given = WHOLE["subscriptions"][1]
    assert subscription_settings(given | {"MAX_QUANTITY": str(most)}).max_quantity == most


def test_the_least_and_the_most_are_taken_as_they_are() -> None:
    """Nought is a choice: no grace, no trial, no limit."""
    given = CONVERGE | SELLING
    names = ("PAST_DUE_GRACE_DAYS", "TRIAL_DAYS", "CHECKOUTS_AN_HOUR", "MAX_QUANTITY")
    for bounds in ((0, 0, 0, 1), (90, 730, 1_000_000, 999_999)):
        settings = checkout_settings(given | {name: str(value) for name, value in zip(names, bounds, strict=True)})
        selling = settings.selling
        taken = (selling.trial_days, selling.checkouts_an_hour, selling.max_quantity)
        assert (settings.converge.policy.past_due_grace_days, *taken) == bounds


@pytest.mark.parametrize("function", ["webhook", "event_consumer", "catch_up"])
@pytest.mark.parametrize(
    "value", ["plumbline-events", "arn:aws:sqs:us-east-1:1:events", "sqs.us-east-1.amazonaws.com/1/e"]
)
def test_what_is_not_the_address_of_a_queue_is_refused(function: str, value: str) -> None:
    """Its name or ARN, say, which would refuse each event only when it is to be sent."""
    read, given = WHOLE[function]
    assert refusal(read, given | {"EVENTS_QUEUE_URL": value}).ids == {"setting": "EVENTS_QUEUE_URL"}


@pytest.mark.parametrize("name", ["APP_URL", "API_URL", "STRIPE_API_BASE"])
@pytest.mark.parametrize(
    "value",
    [
        "http://app.example.com",  # plain http to another machine
        "http://127.0.0.1.example.com",
        "http://localhost.example.com:8787",
        "http://host.docker.internal.example.com:8787",
        "ftp://127.0.0.1",
        "javascript:alert(1)",
        "app.example.com",
        "//app.example.com",
        "https://",
        "https://:8443",
        "https://app.example.com/path",
        "https://app.example.com?next=x",
        "https://app.example.com/?",
        "https://app.example.com#top",
        "https://user@app.example.com",
        "https://user:secret@app.example.com",
        "https://app.example.com\\@evil.example.com",
        "https://app.example.com:port",
        "https://app.example.com:99999",
        "https://[::1",
        "https://app example.com",
        "https://app.exa\tmple.com",
        "https://app.example.com\n.evil.example.com",
    ],
)
def test_only_an_origin_is_an_origin(name: str, value: str) -> None:
    """S12. Return URLs are made of these: what comes after the host would end up in the middle of them."""
    error = refusal(*checkout(name, value))
    assert error.ids == {"setting": name}
    assert value not in shown(error)


@pytest.mark.parametrize("name", ["APP_URL", "API_URL", "STRIPE_API_BASE"])
@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("https://app.example.com:65535", "https://app.example.com:65535"),
        ("https://app.example.XX", "https://app.example.XX"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:8787", "http://localhost:8787"),
        ("http://host.docker.internal:8787", "http://host.docker.internal:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_https_is_allowed_anywhere_and_http_on_this_machine(name: str, value: str, origin: str) -> None:
    _, given = checkout(name, value)
    settings = checkout_settings(given)
    core = settings.converge
    found = {"APP_URL": core.app_url, "API_URL": settings.api_url, "STRIPE_API_BASE": core.stripe.api_base}
    assert found[name] == origin
