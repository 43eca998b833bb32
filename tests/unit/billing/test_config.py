"""Settings: each one missing or malformed stops the start with its name, and no value is ever shown."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from billing.config.account import account_settings
from billing.config.catch_up import catch_up_settings
from billing.config.checkout import checkout_settings
from billing.config.consumer import consumer_settings
from billing.config.converge import success_settings
from billing.config.credits import credits_settings
from billing.config.subscriptions import subscription_settings
from billing.config.webhook import webhook_settings
from billing.domain.terms import LOCALES, SellingPolicy
from billing.errors import Misconfigured
from local.template import TemplateError
from local.template.parameters import parameter_values
from local.template.yaml_source import parse

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
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
NOT_LISTS = {"UPSTASH_SECRET", "REDIS_EPOCH", "PAST_DUE_GRACE_DAYS", "TRIAL_CREDITS", "APP_URL"}
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


@pytest.mark.parametrize("function", WHOLE)
def test_a_whole_environment_is_read(function: str) -> None:
    read, given = WHOLE[function]
    settings = read(given)
    assert dataclasses.is_dataclass(settings)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, dataclasses.fields(settings)[0].name, None)


@pytest.mark.parametrize(("read", "given", "name"), EACH)
@pytest.mark.parametrize("value", [None, "", "   "], ids=["missing", "empty", "blank"])
def test_a_missing_setting_stops_the_start_with_its_name(
    read: Read, given: dict[str, str], name: str, value: str | None
) -> None:
    rest = {key: text for key, text in given.items() if key != name}
    error = refusal(read, rest if value is None else rest | {name: value})
    assert name in error.message
    assert error.ids == {"setting": name}


CANARY = "cana\nry-7f3a9c"


@pytest.mark.parametrize(("read", "given", "name"), EACH)
def test_a_malformed_setting_is_named_and_never_shown(read: Read, given: dict[str, str], name: str) -> None:
    """Somebody may have put the secret itself where its name belongs."""
    error = refusal(read, given | {name: CANARY})
    assert name in error.message
    assert error.ids == {"setting": name}
    assert "7f3a9c" not in shown(error)


@pytest.mark.parametrize("key", ["sk_test_", "rk_test_", "sk_live_", "rk_live_", "whsec_"])
@pytest.mark.parametrize("name", ["UPSTASH_SECRET", "STRIPE_API_KEY_SECRET", "STRIPE_WEBHOOK_SECRET"])
def test_a_secret_where_its_name_belongs_is_refused(name: str, key: str) -> None:
    """S18. As a name it would be in the error of the Secrets Manager that does not know it."""
    read, given = WHOLE["webhook" if name == "STRIPE_WEBHOOK_SECRET" else "create_checkout"]
    error = refusal(read, given | {name: f"{key}7f3a9c"})
    assert error.ids == {"setting": name}
    assert "7f3a9c" not in shown(error)


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
    assert refusal(*_checkout(name, value)).ids == {"setting": name}


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


def _checkout(name: str, value: str) -> tuple[Read, dict[str, str]]:
    read, given = WHOLE["create_checkout"]
    return read, given | {name: value}


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
    error = refusal(*_checkout(name, value))
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
def test_https_anywhere_and_http_on_this_machine(name: str, value: str, origin: str) -> None:
    _, given = _checkout(name, value)
    settings = checkout_settings(given)
    core = settings.converge
    found = {"APP_URL": core.app_url, "API_URL": settings.api_url, "STRIPE_API_BASE": core.stripe.api_base}
    assert found[name] == origin


def test_without_an_address_of_the_api_the_buyer_returns_to_the_app() -> None:
    assert checkout_settings(CONVERGE | SELLING).api_url == ""


def test_how_things_are_sold() -> None:
    settings = checkout_settings(CONVERGE | SELLING)
    assert settings.selling == SellingPolicy(
        max_quantity=100,
        promotion_codes=True,
        automatic_tax=True,
        trial_days=14,
        trial_without_card=True,
        billing_address="required",
        receipts=True,
        invoices=True,
        locale="de",
        checkouts_an_hour=60,
        adopt_customers=True,
    )
    assert checkout_settings(CONVERGE | SELLING | {"RECEIPTS": "false"}).selling.receipts is False


@pytest.mark.parametrize(("given", "account"), [({}, None), ({"STRIPE_ACCOUNT": "acct_1"}, "acct_1")])
def test_connect_is_optional(given: dict[str, str], account: str | None) -> None:
    """The account whose events are taken is the one that is acted on."""
    assert webhook_settings(WHOLE["webhook"][1] | given).account == account
    assert success_settings(CONVERGE | given).stripe.account == account


@pytest.mark.parametrize("value", ["1", "acct_", "acct_1 2", "sk_test_1", "acct_\u00e9"])
def test_an_account_that_is_none_is_refused(value: str) -> None:
    assert refusal(webhook_settings, WHOLE["webhook"][1] | {"STRIPE_ACCOUNT": value}).ids == {
        "setting": "STRIPE_ACCOUNT"
    }


@pytest.mark.parametrize(("mode", "live"), [("test", False), ("live", True)])
def test_the_mode_is_in_everything_that_must_not_mix(mode: str, live: bool) -> None:
    stage = "prod" if live else "dev"
    settings = success_settings(CONVERGE | {"STAGE": stage, "STRIPE_MODE": mode})
    assert settings.stage.livemode is settings.stripe.livemode is live
    assert settings.redis.prefix == f"{stage}:{mode}:3:"


@pytest.mark.parametrize("function", WHOLE)
@pytest.mark.parametrize(
    ("stage", "mode", "fits"),
    [
        ("prod", "live", True),
        ("prod-eu", "live", True),
        ("staging", "test", True),
        ("prod", "test", False),
        ("production", "test", False),
        ("dev", "live", False),
        ("preprod", "live", False),
    ],
)
def test_live_mode_and_a_stage_named_prod_belong_together(function: str, stage: str, mode: str, fits: bool) -> None:
    """S28. Else one parameter that was forgotten takes real money in a test, or gives real goods for test cards."""
    read, given = WHOLE[function]
    mixed = given | {"STAGE": stage, "STRIPE_MODE": mode}
    if fits:
        read(mixed)
    else:
        assert refusal(read, mixed).ids == {"setting": "STRIPE_MODE"}


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE["webhook"][1].items():
        monkeypatch.setenv(name, value)
    assert webhook_settings() == webhook_settings(WHOLE["webhook"][1])


@pytest.mark.parametrize("function", WHOLE)
def test_each_setting_that_is_read_is_tested_above(function: str) -> None:
    """What this test's environments hold is exactly what is read: else the tests above would miss a setting."""
    _, given = WHOLE[function]
    asked: set[str] = set()

    class Spy(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            asked.add(name)
            return super().get(name, default)

    WHOLE[function][0](Spy(given))
    own = {"create_checkout": {"API_URL"}, "subscriptions": {"PORTAL_CONFIGURATION"}}
    optional = own.get(function, set()) | (set() if function == "credits" else {"STRIPE_ACCOUNT"})
    assert asked == set(given) | optional


DEPLOYED = {
    "PastDueGraceDays": ("PAST_DUE_GRACE_DAYS", ("0", "90"), ("-1", "91")),
    "MaxQuantity": ("MAX_QUANTITY", ("1", "999999"), ("0", "1000000")),
    "TrialDays": ("TRIAL_DAYS", ("0", "730"), ("-1", "731")),
    "CheckoutsAnHour": ("CHECKOUTS_AN_HOUR", ("0", "1000000"), ("-1", "1000001")),
    "RedisEpoch": ("REDIS_EPOCH", ("1", "999999"), ("0", "1000000")),
    "Levels": ("LEVELS", ("FREE", "A,B_2"), ("free,pro", "FREE, PRO", "FREE,,PRO", "1A", ",FREE")),
    "CheckoutLocale": ("CHECKOUT_LOCALE", LOCALES, ("German", "de_DE", "")),
    "StripeAccount": ("STRIPE_ACCOUNT", ("", "acct_1Ab"), ("acct_", "1", "sk_test_1")),
    "StripeApiKeySecret": ("STRIPE_API_KEY_SECRET", ("plumbline/prod/key",), ("sk_live_1", "rk_test_1", "a b", "")),
    "UpstashSecret": ("UPSTASH_SECRET", ("plumbline/upstash",), ("whsec_1", "")),
    "AppUrl": ("APP_URL", ("https://a.example.com", "http://localhost:8787"), ("http://a.example.com", "a.example")),
    "ApiUrl": ("API_URL", ("", "https://a.example.com"), ("http://a.example.com", "https://a.example.com/v1")),
    "StripeApiBase": ("STRIPE_API_BASE", ("http://127.0.0.1:1",), ("http://api.stripe.com", "https://a/b", "")),
}
"""By parameter of the template: its setting, what both take, and what neither does."""


@pytest.mark.parametrize("parameter", DEPLOYED)
def test_what_a_function_refuses_at_its_start_is_never_deployed(parameter: str) -> None:
    name, taken, refused = DEPLOYED[parameter]
    declared = {parameter: parse(TEMPLATE.read_bytes(), TEMPLATE)["Parameters"][parameter]}
    for value in taken:
        parameter_values(declared, {parameter: value})
        checkout_settings(CONVERGE | SELLING | {name: value})
    for value in refused:
        with pytest.raises(TemplateError):
            parameter_values(declared, {parameter: value})
        assert refusal(checkout_settings, CONVERGE | SELLING | {name: value}).ids == {"setting": name}
