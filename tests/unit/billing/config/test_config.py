"""Settings: each one missing or malformed stops the start with its name, and no value is ever shown."""

from __future__ import annotations

import dataclasses

import pytest

from billing.config.checkout import checkout_settings
from billing.config.converge import success_settings
from billing.config.webhook import webhook_settings
from billing.domain.terms import SellingPolicy
from tests.unit.billing.config.environments import CONVERGE, EACH, SELLING, WHOLE, Read, refusal, shown


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
